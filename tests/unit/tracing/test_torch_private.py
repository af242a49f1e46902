"""Point 10: what is taken of torch beyond its public names stands in one module, and has a fallback."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.fx import node as fx_node
from torch.fx.graph import CodeGen
from tracing_models import net

from fxlens import create_feature_extractor
from fxlens.tracing import torch_private
from fxlens.tracing.extract import codegen

SOURCES = Path(torch_private.__file__).parent
PRIVATE = re.compile(
    r"\b(?:nn\.modules|torch|fx|fx\.node|F)(?:\.\w+)*\._(?!C\b)[a-z]\w*|torch\._C\.\w+|\._version\b|_side_effectful_functions"
)
ALLOWED = {
    # Replaced if it is there, see `context_recorder._replace`.
    ("context_recorder.py", "torch._C._set_grad_enabled"),
    # The public function that asserts.
    ("failures.py", "torch._assert"),
    ("constructs.py", "torch._assert"),
    ("scripting.py", "torch._assert"),
}


def test_no_other_module_takes_private_names_of_torch() -> None:
    found = set()
    for path in SOURCES.rglob("*.py"):
        if path.name != "torch_private.py":
            for line in path.read_text().splitlines():
                code = line.partition("#")[0]
                found |= {(path.name, name) for name in PRIVATE.findall(code) if '"' not in code and "``" not in code}
    assert found <= ALLOWED


def test_layers_by_their_public_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    home = type("home", (), {})
    assert torch_private._classes(home, "_ConvNd", nn.Conv1d, nn.Conv2d) == (nn.Conv1d, nn.Conv2d)
    assert isinstance(nn.Conv2d(1, 1, 1), torch_private.CONVOLUTIONS)
    assert isinstance(nn.SyncBatchNorm(1), torch_private.BATCH_NORMS)
    assert isinstance(nn.InstanceNorm1d(1), torch_private.RUNNING_NORMS)
    assert isinstance(nn.AlphaDropout(), torch_private.DROPOUTS)
    assert isinstance(nn.AdaptiveMaxPool2d(1), torch_private.POOLS) is False


def test_a_tensor_that_does_not_count_its_writes_is_taken_for_written() -> None:
    plain = torch.zeros(1)
    assert torch_private.version_of(plain) == torch_private.version_of(plain)

    class Uncounted:
        pass

    uncounted: Any = Uncounted()
    assert torch_private.version_of(uncounted) != torch_private.version_of(uncounted)


@pytest.mark.parametrize("missing", ["has_side_effect", "both"])
def test_calls_that_must_stay(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.delattr(fx_node, "has_side_effect")
    if missing == "both":
        monkeypatch.delattr(fx_node, "_side_effectful_functions")
    torch_private.keep_calls_of(test_calls_that_must_stay)
    if missing != "both":
        assert test_calls_that_must_stay in fx_node._side_effectful_functions
        fx_node._side_effectful_functions.discard(test_calls_that_must_stay)


def test_without_a_generator_of_our_own_contexts_are_entered_by_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
        y = self.head(x)
        with torch.no_grad():
            z = self.head(y)
        y += 1
        return y + z

    monkeypatch.setattr(codegen.ExtractorCodeGen, "_gen_python_code", CodeGen._gen_python_code)
    model = net(forward, head=nn.Linear(4, 4))
    extractor: Any = create_feature_extractor(model, ["head", "head_1", "add_1"])
    assert "with " not in extractor.code
    x = torch.randn(2, 4)
    found = extractor(x)
    assert torch.allclose(found["add_1"], model(x))
    assert torch.allclose(found["head"], model.head(x))  # type: ignore[operator]
    assert [found[key].requires_grad for key in found] == [True, False, True]
    assert torch.is_grad_enabled()
