"""Hooks of a model that ask for the names of the model itself, or run another extractor of it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from fxlens import create_feature_extractor, get_graph_node_names
from fxlens.tracing.model_state.own_runs import InsideItselfError

X = torch.ones(2, 4)
OPERATIONS = ["first", "sum", "gt", "sigmoid", "second", "add", "third"]


class Gate(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.third = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.first(x)
        if x.sum() > 0:
            y = torch.sigmoid(y)
        return self.third(self.second(y) + y)


def once(ask: Any) -> tuple[Any, list[Any]]:
    """A hook that calls ``ask`` when it is first called, and what that gave."""
    answers: list[Any] = []
    busy = [False]

    def hook(*_: object) -> None:
        if not busy[0] and not answers:
            busy[0] = True
            answers.append(ask())
            busy[0] = False

    return hook, answers


@pytest.mark.parametrize("backend", ["hooks", "record"])
@pytest.mark.parametrize("example", [X, (2, 4)], ids=["values", "shape"])
@torch.no_grad()
def test_an_extractor_takes_nothing_of_a_run_that_finds_names(backend: Any, example: Any) -> None:
    model = Gate().eval()
    expected = model(X)
    extractor = create_feature_extractor(model, ["third"], backend=backend)
    hook, answers = once(lambda: get_graph_node_names(model, backend="hooks", example_input=example))
    model.second.register_forward_hook(hook)
    assert torch.equal(extractor(X)["third"], expected)
    assert answers == [["first", "second", "third"]]


@pytest.mark.parametrize("inner", ["hooks", "record"])
@pytest.mark.parametrize("outer", ["hooks", "record"])
@torch.no_grad()
def test_an_extractor_in_a_hook_of_the_same_model(outer: Any, inner: Any) -> None:
    model = Gate().eval()
    expected, of_others = model(X), model(2 * X)
    other = create_feature_extractor(model, ["third"], backend=inner)
    hook, answers = once(lambda: other(2 * X)["third"])
    model.second.register_forward_hook(hook)
    assert torch.equal(create_feature_extractor(model, ["third"], backend=outer)(X)["third"], expected)
    assert torch.equal(answers[0], of_others)


@pytest.mark.parametrize("example", [X, None], ids=["values", "guessed"])
def test_a_hook_that_asks_for_the_names_of_its_own_model_is_told_so(example: Any) -> None:
    model = Gate().eval()
    handle = model.second.register_forward_hook(
        lambda *_: get_graph_node_names(model, backend="record", example_input=example) and None
    )
    with pytest.raises(InsideItselfError, match="Ask for the names of Gate outside its hooks"):
        model(X)
    handle.remove()
    assert get_graph_node_names(model, backend="record", example_input=X) == OPERATIONS


def test_modules_need_no_run_in_a_run() -> None:
    model, answers = Gate().eval(), []
    model.second.register_forward_hook(lambda *_: answers.append(get_graph_node_names(model, backend="hooks")))
    assert get_graph_node_names(model, backend="hooks") == ["first", "second", "third"]
    assert answers[0] == ["first", "second", "third"]
