"""Backward hooks of others on modules whose values are taken: they see the gradients, as they do in the model."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hook_models import Block, X
from torch import nn

from fxlens import create_feature_extractor

HOOKS: dict[str, Callable[[nn.Module, Any], Any]] = {
    "full": lambda module, note: module.register_full_backward_hook(lambda _m, _i, gradients: note(gradients)),
    "before": lambda module, note: module.register_full_backward_pre_hook(lambda _m, gradients: note(gradients)),
    "old": lambda module, note: module.register_backward_hook(lambda _m, _i, gradients: note(gradients)),
    "changing": lambda module, note: module.register_full_backward_hook(
        lambda _m, inputs, gradients: (note(gradients), tuple(each if each is None else each * 10 for each in inputs))[
            1
        ]
    ),
}


class Returns(Block):
    """Returns all that its modules returned, so that its own values are those to compare with."""

    def forward(self, x):
        first = self.first(x)
        relu = self.relu(first)
        second = self.second(relu) if x.sum() > -1e9 else relu
        return {"first": first, "relu": relu, "second": second, "relu_1": self.relu(second)}


def gradients(hook: str, module: str, query: str, backend: Any) -> list[Any]:
    torch.manual_seed(0)
    model = Returns()
    seen: list[torch.Tensor] = []
    HOOKS[hook](model.get_submodule(module), lambda values: seen.extend(each.clone() for each in values))
    run = model if backend is None else create_feature_extractor(model, [query], backend=backend)
    run(X)
    before = nn.Module.__call__
    run(X)[query].sum().backward()
    assert nn.Module.__call__ is before
    return [*seen, *(parameter.grad for parameter in model.parameters())]


@pytest.mark.parametrize("backend", ["hooks", "record"])
@pytest.mark.parametrize("hook", HOOKS)
def test_are_those_of_the_model(hook: str, backend: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the old kind of hook
        for module in ("first", "relu", "second"):
            for query in ("first", "relu", "second", "relu_1"):
                expected, got = (gradients(hook, module, query, each) for each in (None, backend))
                assert len(expected) == len(got), (module, query)
                assert all(
                    torch.equal(a, b) if a is not None else b is None for a, b in zip(expected, got, strict=True)
                )


def test_it_still_ends_early() -> None:
    model = Returns()
    model.first.register_full_backward_hook(lambda *_: None)
    ran: list[bool] = []
    model.second.register_forward_pre_hook(lambda *_: ran.append(True))
    create_feature_extractor(model, ["first"], backend="hooks")(X)
    assert not ran
