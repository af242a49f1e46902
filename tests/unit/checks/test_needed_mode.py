"""A model that can be traced in one mode only, in a call that selects nodes of one mode only."""

from __future__ import annotations

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
    ("library", "arguments", "is_reported"),
    [
        ("fxlens", 'eval_return_nodes=["relu"]', False),
        ("fxlens", 'train_return_nodes=[], eval_return_nodes=["relu"]', False),
        ("fxlens", 'train_return_nodes=["layer"]', True),
        ("fxlens", '["layer"]', True),
        (TORCHVISION, 'train_return_nodes=["layer"], eval_return_nodes=["relu"]', True),
    ],
)
def test_only_the_mode_that_is_selected_from_must_be_traceable(
    library: str, arguments: str, is_reported: bool, tmp_path: Path
) -> None:
    file = tmp_path / "net.py"
    file.write_text(MODEL.format(library=library, arguments=arguments), encoding="utf-8")
    result = CliRunner().invoke(main, ["check", str(file)])
    assert ("untraceable-model" in result.output) == is_reported, result.output
    assert "not checked" not in result.output
