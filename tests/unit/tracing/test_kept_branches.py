"""Where `forward` asks what a value is, an extractor takes the branch of a tensor, or it is said that it does not."""

from __future__ import annotations

import contextlib
import functools
import warnings
from typing import Any

import pytest
import torch
from torch import nn

from fxlens import TracingError, create_feature_extractor, trace_model

X = torch.randn(2, 4)


@functools.singledispatch
def dispatched(x: Any) -> Any:
    return x - 5


@dispatched.register
def _(x: torch.Tensor) -> torch.Tensor:
    return x * 7


def guarded_item(x: Any) -> Any:
    try:
        return x["image"]
    except (IndexError, TypeError, KeyError):
        return x * 3


def guarded_attribute(x: Any) -> Any:
    try:
        return x.tensors
    except AttributeError:
        return x * 3


def alias(x: Any) -> Any:
    is_of = isinstance
    return x * 2 if is_of(x, torch.Tensor) else x - 1


def of_result(x: Any) -> Any:
    return x * 2 if isinstance(torch.add(x, 1), (dict, (list, torch.Tensor))) else x - 1


def is_plain(x: Any) -> bool:
    return type(x) is torch.Tensor


def helper(x: Any) -> Any:
    return x * 2 if is_plain(x) else x - 1


def value_of(x: Any) -> Any:
    return x.relu() if callable(x) else x


def case(x: Any) -> Any:
    match x:
        case list():
            return x - 1
        case torch.Tensor():
            return x * 2
    return x - 1


class Asks(nn.Module):
    kinds = (torch.Tensor, list)

    def __init__(self, step: Any) -> None:
        super().__init__()
        self.layer, self.step = nn.Linear(4, 4), step

    def forward(self, x):  # type: ignore[no-untyped-def]
        return self.layer(self.step(x))


STEPS: dict[str, Any] = {
    "isinstance": lambda x: x * 2 if isinstance(x, torch.Tensor) else x - 1,
    "tuple of classes": lambda x: x * 2 if isinstance(x, (list, torch.Tensor)) else x - 1,
    "not isinstance": lambda x: x - 1 if not isinstance(x.relu(), torch.Tensor) else x * 2,
    "alias": alias,
    "case": case,
    "of a result": of_result,
    "attribute of a class": lambda x: x * 2 if isinstance(x, Asks.kinds) else x - 1,
    "union": lambda x: x * 2 if isinstance(x, torch.Tensor | None) else x - 1,
    "type": lambda x: x * 2 if type(x) is torch.Tensor else x - 1,
    "type equals": lambda x: x - 1 if type(x.relu()) != torch.Tensor else x * 2,  # noqa: E721
    "subclass of type": lambda x: x * 2 if issubclass(type(x), torch.Tensor) else x - 1,
    "type in": lambda x: x * 2 if type(x) in (torch.Tensor, list) else x - 1,
    "type in a function": helper,
    "callable": lambda x: x - 1 if callable(x) else x * 2,
    "callable in a function": lambda x: value_of(x) * 2,
    "is_tensor": lambda x: x * 2 if torch.is_tensor(x) else x - 1,
    "hasattr": lambda x: x.tensors if hasattr(x, "tensors") else x * 2,
    "hasattr of a result": lambda x: x.relu().mask if hasattr(x.relu(), "mask") else x * 2,
    "getattr": lambda x: getattr(x, "tensors", None) if getattr(x, "tensors", None) is not None else x * 2,
    "dispatch": dispatched,
    "shape": lambda x: x * 2 if isinstance(x.shape, torch.Size) else x - 1,
    "shape as a tuple": lambda x: x * 2 if isinstance(x.size(), (tuple, list)) else x - 1,
    "part of a shape": lambda x: x * 2 if isinstance(x.shape[:1], tuple) else x - 1,
    "size": lambda x: x * 2 if isinstance(x.shape[-1], int) else x - 1,
    "type of a size": lambda x: x * 2 if type(x.size(0)) is int else x - 1,
    "number of dimensions": lambda x: x * 2 if isinstance(x.dim(), int) and isinstance(x.ndim, int) else x - 1,
    "dtype and device": lambda x: (
        x * 2 if isinstance(x.dtype, torch.dtype) and isinstance(x.device, torch.device) else x - 1
    ),
    "parts": lambda x: x * 2 if isinstance(x.chunk(2), tuple) and isinstance(torch.split(x, 1), tuple) else x - 1,
    "callable attribute": lambda x: x - 1 if callable(x.shape) else x * 2,
    "item in try": guarded_item,
    "attribute in try": guarded_attribute,
}
SAME: dict[str, Any] = {
    "list": lambda x: x[0] if isinstance(x, (list, tuple)) else x * 2,
    "hasattr": lambda x: x * 2 if hasattr(x, "shape") else x - 1,
    "tensor_like": lambda x: x * 2 if torch.overrides.is_tensor_like(x) else x - 1,
    "type": lambda x: x - 1 if type(x) is list or type([]) is not list or not isinstance(int, type) else x * 2,
    "callable": lambda x: x - 1 if not callable(x.relu) else x * 2,
    "size is no tensor": lambda x: x - 1 if isinstance(x.shape[0], torch.Tensor) else x * 2,
    "new type": lambda x: x * len(type("New", (list,), {})([1, 2])),
    "no branch": lambda x: x * (1 + 0 * isinstance(x, torch.Tensor)),
}


@pytest.mark.parametrize("step", STEPS)
def test_the_branch_of_a_tensor_is_taken(step: str) -> None:
    model = Asks(STEPS[step])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        extractor = create_feature_extractor(model, ["layer"])
    assert torch.equal(extractor(X)["layer"], model(X))


@pytest.mark.parametrize("step", STEPS)
def test_it_is_said_where_torchvisions_function_takes_another(step: str) -> None:
    model = Asks(STEPS[step])
    with pytest.warns(UserWarning, match="a tensor takes a different branch"):
        extractor = create_feature_extractor(model, ["layer"], naming="torchvision")
    try:
        same = torch.equal(extractor(X)["layer"], model(X))
    except (AttributeError, IndexError):
        same = False
    assert not same
    graph = trace_model(model, naming="torchvision", shapes=False).eval
    assert graph is not None
    assert [change.kind for change in graph.changes] == ["branch"]


@pytest.mark.parametrize("step", SAME)
@pytest.mark.parametrize("naming", ["fxlens", "torchvision"])
def test_nothing_is_said_where_a_tensor_answers_alike(step: str, naming: Any) -> None:
    model = Asks(SAME[step])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        extractor = create_feature_extractor(model, ["layer"], naming=naming)
    assert torch.equal(extractor(X)["layer"], model(X))


OPERATORS: dict[str, Any] = {
    "sizes": lambda x: torch.zeros((x.shape[0],) + (1,) * (x.ndim - 1), dtype=x.dtype, device=x.device) + x,
    "sizes and a fill": lambda x: torch.full((x.shape[0], *([1] * 1)), 2.0, dtype=x.dtype) * x,
    "class that looks into memory": lambda x: x - 1 if isinstance(x, torch.cuda.FloatTensor) else x * 2,
    "one of these in a tuple": lambda x: x - 1 if isinstance(x, (list, torch.cuda.HalfTensor)) else x * 2,
}


@pytest.mark.parametrize("step", OPERATORS)
def test_operators_of_torch_take_no_placeholder_for_a_tensor(step: str) -> None:
    # They would read its memory.
    model = Asks(OPERATORS[step])
    extractor = create_feature_extractor(model, ["layer"])
    assert torch.equal(extractor(X)["layer"], model(X))


def catches_number(x: torch.Tensor) -> torch.Tensor:
    try:
        size = int(x.shape[0])
    except TypeError:
        size = 100
    return x * size


def catches_truth(x: torch.Tensor) -> torch.Tensor:
    try:
        if x.sum() > -1e9:
            x = x + 1
    except Exception:
        return x
    return x


def catches_length(x: torch.Tensor) -> torch.Tensor:
    try:
        return x * len(x)
    except (RuntimeError, TypeError):
        return x


def suppresses_number(x: torch.Tensor) -> torch.Tensor:
    size = 100.0
    with contextlib.suppress(TypeError, ValueError):
        size = float(x.shape[0])
    return x * size


@pytest.mark.parametrize("step", [catches_number, catches_truth, catches_length, suppresses_number])
@pytest.mark.parametrize("naming", ["fxlens", "torchvision"])
def test_an_error_of_tracing_that_is_caught_is_said(step: Any, naming: Any) -> None:
    model = Asks(step)
    with pytest.warns(UserWarning, match="catches an error that only tracing raises"):
        extractor = create_feature_extractor(model, ["layer"], naming=naming)
    assert not torch.equal(extractor(X)["layer"], model(X))


def test_tracing_with_a_context_or_finally_is_no_catching() -> None:
    def step(x: torch.Tensor) -> torch.Tensor:
        try:
            with torch.no_grad():
                return x * 2
        finally:
            pass

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        create_feature_extractor(Asks(step), ["layer"])


def test_an_error_that_the_model_raises_is_suppressed_in_silence() -> None:
    def step(x: torch.Tensor) -> torch.Tensor:
        with contextlib.suppress(KeyError):
            return x * {}["factor"]
        return x * 2

    original = contextlib.suppress.__exit__
    model = Asks(step)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        extractor = create_feature_extractor(model, ["layer"])
    assert torch.equal(extractor(X)["layer"], model(X))
    assert contextlib.suppress.__exit__ is original


def test_type_is_put_back() -> None:
    create_feature_extractor(Asks(STEPS["type"]), ["layer"])
    assert "type" not in globals()

    def failing(x: torch.Tensor) -> torch.Tensor:
        return x if type(x) is list or x.sum() > 0 else -x

    with pytest.raises(TracingError):
        create_feature_extractor(Asks(failing), ["layer"], backend="fx")
    assert "type" not in globals()
