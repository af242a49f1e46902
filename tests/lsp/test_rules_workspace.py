"""The workspace of marked calls: the marks are those of the rules, and running each call shows that they are right."""

from __future__ import annotations

import dataclasses
import importlib.util
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import torch
from lens import WORKSPACES, Lens
from test_diagnostics import expectations

RULES = WORKSPACES / "rules"
FILES = ("unknown.py", "arguments.py", "untraceable.py", "values.py")


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("name", FILES)
async def test_the_marks_are_those_of_the_rules(lens: Lens, name: str) -> None:
    here = dataclasses.replace(lens, root=RULES, opened=lens.opened)
    document = here.open(name)
    found = await here.settled(document)
    said = [(one.range.start.line, one.range.start.character, one.range.end.character, one.code) for one in found]
    expected = expectations(document.text)
    assert said == [mark[:4] for mark in expected], [one.message for one in found]
    for one, mark in zip(found, expected, strict=True):
        assert mark[4] in one.message


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"marked_{name}", RULES / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def functions(name: str) -> list[tuple[str, str]]:
    """(file, function) of every sample of a file."""
    text = (RULES / f"{name}.py").read_text(encoding="utf-8")
    return [(name, line[4:-3]) for line in text.splitlines() if line.startswith("def ")]


RAISES = {
    "unknown": (ValueError, "is not present in model"),
    "arguments": ((ValueError, TypeError, AttributeError), "specified|attribute 'items'|concatenate"),
    "untraceable": ((torch.fx.proxy.TraceError, TypeError, RuntimeError), ""),
}


@pytest.mark.parametrize(("name", "function"), [pair for name in RAISES for pair in functions(name)])
def test_what_is_an_error_raises(name: str, function: str) -> None:
    errors, message = RAISES[name]
    with pytest.raises(errors, match=message):
        getattr(load(name), function)()


def result(function: str, *size: int) -> dict[str, Any]:
    torch.manual_seed(0)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        extractor = getattr(load("values"), function)().eval()
        found: dict[str, Any] = extractor(torch.randn(*size))
    return found


IMAGE, SEQUENCE = (1, 3, 64, 64), (2, 5, 8)
SHOWS: dict[str, tuple[tuple[int, ...], Callable[[dict[str, Any]], bool]]] = {
    "a_tuple": (SEQUENCE, lambda found: isinstance(found["lstm"], tuple) and len(found["lstm"]) == 2),
    "a_number": (SEQUENCE, lambda found: isinstance(found["size"], int)),
    "overwritten": (IMAGE, lambda found: bool((found["bn1"] >= 0).all()) and bool((found["layer1.0.bn1"] < 0).any())),
    "same_key": (IMAGE, lambda found: list(found) == ["a"]),
    "pattern": (IMAGE, lambda found: not found),
    "shadowed": (IMAGE, lambda found: "layer4.1.relu_1" not in found and "layer4" in found),
}


@pytest.mark.parametrize("function", SHOWS)
def test_what_is_no_error_gives_what_the_message_says(function: str) -> None:
    size, shown = SHOWS[function]
    assert shown(result(function, *size))


def test_every_marked_value_is_shown() -> None:
    # `another_modules` is shown in tests/unit/checks/test_reality.py, which needs the model beside its extractor.
    assert {function for _, function in functions("values")} == {*SHOWS, "another_modules"}
