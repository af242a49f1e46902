"""torchvision's IntermediateLayerGetter against reality: every call of the sample is run, with what is said of it."""

from __future__ import annotations

import ast
import copy
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from marks import Mark, marks
from torch import nn
from torchvision.models._utils import IntermediateLayerGetter

from fxlens.cli.main import main

SAMPLE = Path(__file__).resolve().parents[2] / "workspaces" / "layer_getter" / "getters.py"
TEXT = SAMPLE.read_text(encoding="utf-8")
CALLS = [node for node in ast.parse(TEXT).body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """What the sample defines before its calls."""
    body = [node for node in ast.parse(TEXT).body if node not in CALLS and not isinstance(node, ast.Expr)]
    found: dict[str, Any] = {"__name__": "getters"}
    exec(compile(ast.Module(body, []), str(SAMPLE), "exec"), found)
    return found


def said_of(call: ast.Expr) -> list[Mark]:
    return [mark for mark in marks(TEXT) if call.lineno - 1 <= mark.line < (call.end_lineno or 0)]


def values_of(model: nn.Module, child: str) -> list[torch.Tensor]:
    """What the child returns each time the model runs it."""
    found: list[torch.Tensor] = []
    model.get_submodule(child).register_forward_hook(lambda _m, _i, output: found.append(output.clone()))
    with torch.no_grad():
        model(image())
    return found


def image() -> torch.Tensor:
    return torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def is_the_models(model: nn.Module, getter: nn.Module, child: str, key: Any) -> bool:
    values = values_of(copy.deepcopy(model), child)
    with torch.no_grad():
        try:
            found = getter(image())[key]
        except RuntimeError:
            return False
    return len(values) == 1 and torch.equal(found, values[0])


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"line {call.lineno}")
def test_what_is_said_of_a_call_is_so(names: dict[str, Any], call: ast.Expr) -> None:
    torch.manual_seed(0)
    assert isinstance(call.value, ast.Call)
    model, layers = (
        eval(compile(ast.Expression(node), str(SAMPLE), "eval"), names)
        for node in (*call.value.args, *(keyword.value for keyword in call.value.keywords))
    )
    said = said_of(call)
    if isinstance(call.value.func, ast.Attribute):
        assert not said
        return
    rules = {mark.rule for mark in said}
    if "invalid-arguments" in rules:
        with pytest.raises(AttributeError):
            IntermediateLayerGetter(model, layers)
        return
    model.eval()
    if "unknown-node" in rules:
        with pytest.raises(ValueError, match="return_layers are not present in model"):
            IntermediateLayerGetter(model, layers)
        known = [name for name, _ in model.named_children()]
        marked = {TEXT.splitlines()[mark.line][mark.start : mark.end] for mark in said}
        # A number is marked where it is written, quotes or an operation of numbers included.
        marked = {text if text in layers else eval(text) for text in marked}
        assert {name for name in layers if name not in known} == marked
        return
    getter = IntermediateLayerGetter(copy.deepcopy(model), layers).eval()
    marked = {TEXT.splitlines()[mark.line][mark.start : mark.end] for mark in said}
    if marked:
        assert not any(is_the_models(model, getter, child, layers[child]) for child in marked)
        layers = {child: key for child, key in layers.items() if child not in marked}
        getter = IntermediateLayerGetter(copy.deepcopy(model), layers).eval() if layers else getter
    assert all(is_the_models(model, getter, child, layers[child]) for child in layers)


def test_just_what_is_marked_is_said() -> None:
    printed = CliRunner().invoke(main, ["check", "--format", "json", str(SAMPLE)])
    problems = sorted(json.loads(printed.stdout)["problems"], key=lambda each: (each["line"], each["column"]))
    expected = marks(TEXT)
    assert [(each["line"] - 1, each["column"] - 1, each["rule"]) for each in problems] == [
        (mark.line, mark.start, mark.rule) for mark in expected
    ]
    for problem, mark in zip(problems, expected, strict=True):
        assert mark.part in problem["message"]
