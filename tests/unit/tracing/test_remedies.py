"""Each remedy that a message names is applied, and works; none is named that does not."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from tracing_models import conv, net
from untraceable_models import X, failure_of, twice

from fxlens import TracingError, create_feature_extractor, get_graph_node_names, trace_model


def guarded_by_len(s: nn.Module, x: torch.Tensor) -> Any:
    if len(x.shape) != 4:
        raise ValueError("images")
    return x * 2


def guarded_by_dim(s: nn.Module, x: torch.Tensor) -> Any:
    if x.dim() != 4:
        raise ValueError("images")
    return x * 2


def _unpacks(s: nn.Module, x: torch.Tensor) -> Any:
    first, *rest = x.shape
    return x.flatten(1).view(first, *rest)


def _names(x: torch.Tensor) -> tuple[int, ...]:
    a, b, c, d = x.shape
    return a, b, c, d


# What a line does, what the message says, the line changed as the remedy says, and an input that both take.
CHANGES: dict[str, tuple[Callable[..., Any], str, Callable[..., Any]]] = {
    "len of a shape": (lambda s, x: x * (len(x.shape) - 2), "x.dim()", lambda s, x: x * (x.dim() - 2)),
    "len of a size": (lambda s, x: x * (len(x.size()) - 2), "x.dim()", lambda s, x: x * (x.dim() - 2)),
    "len of a tensor": (lambda s, x: x * len(x), "x.shape[0]", lambda s, x: x * x.shape[0]),
    "star of a shape": (
        lambda s, x: x.view(*(x.size()[:-1] + (2, 2))).relu(),  # noqa: RUF005
        "without the star: view(shape)",
        lambda s, x: x.view(x.size()[:-1] + (2, 2)).relu(),  # noqa: RUF005
    ),
    "star in reshape": (
        lambda s, x: x.reshape(*x.shape).relu(),
        "without the star: reshape(shape)",
        lambda s, x: x.reshape(x.shape).relu(),
    ),
    "item": (
        lambda s, x: _set_first(x.clone()),
        "torch.where, masked_fill",
        lambda s, x: x.masked_fill(torch.arange(4) == 0, 0.0),
    ),
    "zeros": (
        lambda s, x: x + torch.zeros(x.shape[0], 3, 4, 4),
        "x.new_zeros(…)",
        lambda s, x: x + x.new_zeros(x.shape[0], 3, 4, 4),
    ),
    "number of a shape": (
        lambda s, x: x + torch.tensor(x.shape[1]),
        "x.new_tensor(…)",
        lambda s, x: x + x.new_tensor(x.shape[1]),
    ),
    "number of a shape in a list": (
        lambda s, x: x + torch.tensor([x.shape[1]]),
        "x.new_tensor(…)",
        lambda s, x: x + x.new_tensor([x.shape[1]]),
    ),
    "star among other sizes": (
        lambda s, x: x.reshape(*x.shape[:1], -1).relu(),
        "index it (x[0], x[1])",
        lambda s, x: x.reshape(x.shape[0], -1).relu(),
    ),
    "star in a function that makes a tensor": (
        lambda s, x: x + torch.ones(*x.shape),
        "torch.ones_like(x), or a method of the input (x.new_ones(…))",
        lambda s, x: x + torch.ones_like(x) * x.new_ones(x.shape),
    ),
    "star in names": (_unpacks, "a name for each", lambda s, x: x.flatten(1).view(_names(x))),
    "guard by a number of dimensions": (guarded_by_len, "x.dim()", guarded_by_dim),
    "number in a text": (
        lambda s, x: (f"{'%d' % x.shape[1]}", x * 2)[1],  # noqa: UP031
        "show it by %s or an f-string",
        lambda s, x: (f"{x.shape[1]}", x * 2)[1],
    ),
    "hook": (lambda s, x: (x.register_hook(print), x * 2)[1], "outside forward", lambda s, x: x * 2),
}


class Levels(nn.Module):
    def forward(self, *xs: torch.Tensor) -> torch.Tensor:
        assert len(xs) == 2
        return xs[0] + xs[1]


class NamedLevels(nn.Module):
    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return a + b


def test_the_number_of_inputs_is_not_the_length_of_one() -> None:
    with pytest.raises(TracingError, match=r"how many values `\*xs` holds") as caught:
        get_graph_node_names(Levels())
    assert "its own parameter: def forward(self, a, b)" in str(caught.value)
    assert "shape[0]" not in str(caught.value)
    assert get_graph_node_names(NamedLevels()) == ["a", "b", "add"]


def _set_first(x: torch.Tensor) -> torch.Tensor:
    x[..., 0] = 0
    return x


class Batched(nn.Module):
    """Gets a dictionary, and adds to it, or takes away from it."""

    def __init__(self, deletes: bool, anew: bool) -> None:
        super().__init__()
        self.conv, self.deletes, self.anew = conv(), deletes, anew

    def forward(self, batch: Any) -> Any:
        if self.anew:
            batch = {"image": self.conv(batch["image"])}
        elif self.deletes:
            del batch["label"]
        else:
            batch["image"] = self.conv(batch["image"])
        return batch["image"].relu()


@pytest.mark.parametrize("deletes", [True, False])
def test_a_dictionary_of_the_input_is_no_tensor(deletes: bool) -> None:
    failure = failure_of(Batched(deletes, anew=False))
    assert "an input that is a dictionary is changed" in failure.message
    assert "Build a new dictionary" in failure.change
    model = Batched(deletes, anew=True)
    extractor = create_feature_extractor(model, ["relu"], backend="fx")
    assert torch.equal(extractor({"image": X})["relu"], model({"image": X}))


def test_a_decorator_with_self_hides_the_parameters_too() -> None:
    def decorated(forward: Any) -> Any:
        def wrapper(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
            return forward(self, *args, **kwargs)

        return wrapper

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = conv()

        @decorated
        def forward(self, x: torch.Tensor) -> Any:
            return self.conv(x)

    model = Model()
    failure = failure_of(model)
    assert "a decorator of forward" in failure.message
    extractor = create_feature_extractor(nn.Sequential(model), ["0.conv"])
    assert torch.equal(extractor(X)["0.conv"], model(X))


@pytest.mark.parametrize("name", CHANGES)
def test_the_changed_line_is_traced_and_gives_the_same(name: str) -> None:
    before, remedy, after = CHANGES[name]
    failure = failure_of(net(before))
    assert remedy.lower() in failure.change.lower()
    assert trace_model(net(after), shapes=False).failures == ()
    x = X.clone().requires_grad_() if name == "hook" else X
    assert torch.equal(net(before)(x), net(after)(x))


@pytest.mark.parametrize(
    "forward",
    [
        lambda s, x: x * 2 if len(x.shape) == 4 else x,
        lambda s, x: x * 2 if len(x.size()) in (3, 4) else x,
        lambda s, x: x * 2 if len(x.shape) > 3 else x,
    ],
)
def test_a_branch_by_the_number_of_dimensions_is_not_traced_with_dim_either(forward: Callable[..., Any]) -> None:
    failure = failure_of(net(forward))
    assert "decides by its number of dimensions" in failure.message
    assert "dim()" not in failure.change


def test_a_guard_by_the_number_of_dimensions_is_an_assertion_for_torchvisions_function() -> None:
    assert "torch._assert(x.dim()" in failure_of(net(guarded_by_len), dialect="torchvision").change
    model = net(lambda s, x: (torch._assert(x.dim() == 4, "images"), x * 2)[1])
    assert trace_model(model, dialect="torchvision", shapes=False).failures == ()


@pytest.mark.parametrize("forward", [lambda s, x: s.nothing(x), lambda s, x: nothing(x)])  # type: ignore[name-defined]  # noqa: F821
def test_a_name_that_does_not_exist_has_no_remedy(forward: Callable[..., Any]) -> None:
    failure = failure_of(net(forward))
    assert "nothing" in failure.message
    assert failure.change == ""


def test_a_check_of_the_type_is_said_to_be_one() -> None:
    def forward(s: nn.Module, xs: Any) -> Any:
        if not isinstance(xs, list):
            raise TypeError("a list is needed")
        return s.conv(xs[0])

    failure = failure_of(net(forward, conv=conv()))
    assert "isinstance" in failure.message
    assert failure.change == "Remove the check from forward."
    assert trace_model(net(lambda s, xs: s.conv(xs[0]), conv=conv())).failures == ()


@pytest.mark.parametrize("layer", [nn.BatchNorm2d(3), nn.ReLU(), nn.LSTM(4, 4)])
def test_a_layer_of_torch_as_the_model_is_traced_in_a_sequential(layer: nn.Module) -> None:
    failure = failure_of(layer) if trace_model(layer, shapes=False).failures else None
    if failure is not None:
        assert failure.change == "Trace nn.Sequential(model)."
        assert "is a leaf unless it is the model itself" in failure.message
    assert get_graph_node_names(nn.Sequential(layer)) == ["input", "0"]


def test_a_layer_with_several_inputs_is_not_put_into_a_sequential() -> None:
    failure = failure_of(nn.MultiheadAttention(8, 2))
    assert "calls it with its 3 inputs (nn.Sequential passes one)" in failure.change
    caller = net(lambda s, q, k, v: s.attention(q, k, v)[0], attention=nn.MultiheadAttention(8, 2))
    assert "attention" in get_graph_node_names(caller)


def timed(function: Callable[..., Any]) -> Callable[..., Any]:
    def inner(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return inner


def test_a_decorator_without_wraps_is_told_of_it() -> None:
    model = net(timed(lambda s, x: s.conv(x)), conv=conv())
    failure = failure_of(model)
    assert "a decorator of forward takes *args and **kwargs" in failure.message
    assert failure.source is not None
    assert "functools.wraps" in failure.change
    assert get_graph_node_names(nn.Sequential(model))[-1] == "0.conv"

    def wrapping(function: Callable[..., Any]) -> Callable[..., Any]:
        return functools.wraps(function)(timed(function))

    assert get_graph_node_names(net(wrapping(lambda s, x: s.conv(x)), conv=conv())) == ["x", "conv"]


def library(name: str, source: str) -> types.ModuleType:
    """A module as if it were installed."""
    module = types.ModuleType(name)
    exec(compile(source, f"/site-packages/{name}/code.py", "exec"), module.__dict__)
    return module


picky = library(
    "picky",
    """
def flat(x):
    return x.flatten(2) * float(x.sum())
def gate(x):
    return x if x.sum() > 0 else -x
""",
)
flat = picky.flat


@pytest.mark.parametrize(
    ("forward", "kind", "name"),
    [
        (lambda s, x: picky.flat(s.conv(x)), "autowrap_modules", "picky"),
        (lambda s, x: picky.gate(s.conv(x)), "autowrap_modules", "picky"),
        (lambda s, x: flat(s.conv(x)), "autowrap_functions", "flat"),
        (lambda s, x: twice(s.conv(x)), "autowrap_functions", "twice"),
    ],
)
def test_a_function_that_forward_calls_is_recorded_as_one_node(forward: Any, kind: str, name: str) -> None:
    model = net(forward, conv=conv())
    failure = failure_of(model)
    assert [(remedy.kind, remedy.values) for remedy in failure.remedies] == [(kind, (name,))]
    assert f"Tried and works: tracer_kwargs={{'{kind}': ({name},)}}" in failure.remedy
    assert failure.source is not None
    if name != "twice":
        assert failure.source.file == __file__, "the user's own line is shown, not the library's"
        assert failure.message.startswith("in code of picky, ")
    names = get_graph_node_names(model, tracer_kwargs={kind: (globals()[name],)})
    assert len(names) == 3
    extractor = create_feature_extractor(model, [names[-1]], tracer_kwargs={kind: (globals()[name],)})
    assert torch.equal(extractor(X)[names[-1]], model(X))


wrapped = library(
    "wrapped",
    """
import functools, torch
def filled(function):
    @functools.wraps(function)
    def inner(self, *args, **kwargs):
        kwargs["cache"] = False
        return function(self, *args, **kwargs)
    return inner
class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 3, 1)
    @filled
    def forward(self, x, cache=None, mask=None, labels=None):
        return self.conv(x)
class Open(Model):
    def forward(self, x, **kwargs):
        kwargs["cache"] = False
        return self.conv(x)
""",
)


@pytest.mark.parametrize("kind", ["Model", "Open"])
def test_a_model_of_a_library_that_wraps_its_forward_names_the_library(kind: str) -> None:
    failure = failure_of(getattr(wrapped, kind)(), dialect="torchvision")
    assert failure.message == (
        "models of wrapped cannot be traced: their forward is wrapped in code for keyword arguments"
    )
    assert failure.change == ""


def test_keyword_arguments_are_not_taken_for_a_tensor() -> None:
    def filling(s: nn.Module, x: torch.Tensor, **kwargs: Any) -> Any:
        kwargs["cache"] = False
        return s.conv(x)

    failure = failure_of(net(filling, conv=conv()), dialect="torchvision")
    assert failure.message == "forward takes **kwargs, and torch.fx does not know what they will be"
    assert failure.change == "Name the arguments in forward."

    def writing(s: nn.Module, x: torch.Tensor, **kwargs: Any) -> Any:
        x[0] = 1
        return s.conv(x)

    assert "item assignment on a tensor" in failure_of(net(writing, conv=conv()), dialect="torchvision").message
