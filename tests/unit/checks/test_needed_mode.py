"""A model that can be traced in one mode only: our function reads its modules by hooks where it needs the other."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner

from fxlens.cli.main import main

MODEL = """\
from torch import nn
from {library} import create_feature_extractor


class EvalOnly(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x):
        x = self.layer(x)
        if self.training and x.sum() > 0:
            x = x + 1
        return x.relu()


extractor = create_feature_extractor(EvalOnly(), {arguments})
"""
TORCHVISION = "torchvision.models.feature_extraction"


@pytest.mark.parametrize(
    ("library", "arguments", "rule"),
    [
        ("fxlens", 'eval_return_nodes=["relu"]', None),
        ("fxlens", 'train_return_nodes=[], eval_return_nodes=["relu"]', None),
        ("fxlens", 'train_return_nodes=["layer"]', None),
        ("fxlens", '["layer"]', None),
        ("fxlens", '["relu"]', "unknown-node"),
        ("fxlens", 'train_return_nodes=["layer"], eval_return_nodes=["relu"]', "unknown-node"),
        ("fxlens", 'train_return_nodes=["layer"], backend="fx"', "untraceable-model"),
        ("fxlens", '["layer"], backend="fx"', "untraceable-model"),
        (TORCHVISION, 'train_return_nodes=["layer"], eval_return_nodes=["relu"]', "untraceable-model"),
    ],
)
@pytest.mark.usefixtures("share_workers")
def test_only_the_mode_that_is_selected_from_must_be_traceable(
    library: str, arguments: str, rule: str | None, tmp_path: Path
) -> None:
    file = tmp_path / "net.py"
    file.write_text(MODEL.format(library=library, arguments=arguments), encoding="utf-8")
    result = CliRunner().invoke(main, ["check", str(file)])
    assert [word for word in ("unknown-node", "untraceable-model") if word in result.output] == [rule or ""][
        : bool(rule)
    ]
    raises: type[Exception] | None = {"unknown-node": ValueError, "untraceable-model": Exception}.get(rule or "")
    with pytest.raises(raises) if raises else nullcontext():
        exec(file.read_text(encoding="utf-8"), {"__name__": "net"})
    assert "not checked" not in result.output
