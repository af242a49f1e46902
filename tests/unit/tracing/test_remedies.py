"""Each remedy that a message names is applied, and works; none is named that does not."""

from __future__ import annotations

import functools
import math
import re
import types
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torchvision
import torchvision.models.feature_extraction as theirs
from torch import nn
from tracing_models import Block, conv, net

from fxlens import TracingError, create_feature_extractor, get_graph_node_names, trace_model
from fxlens.graph import Failure

X = torch.randn(2, 3, 4, 4)


def failure_of(model: nn.Module, **options: Any) -> Failure:
    return trace_model(model, shapes=False, **options).failures[0]


def twice(x: torch.Tensor) -> torch.Tensor:
    return x * 2 if x.sum() > 0 else x


class Gate(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x if x.sum() > 0 else -x


class Gated(nn.Module):
    """A block with a part that cannot be traced, and one that can."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = conv()
        self.gate = Gate()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.gate(self.conv(x))


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
    assert "a parameter of its own: def forward(self, a, b)" in str(caught.value)
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


# --- leaf modules and parts of the model ------------------------------------------------------------------------------


def test_no_more_leaves_are_named_than_are_needed() -> None:
    """The inner class fails first, and then the outer one, which hides it."""

    class Outer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gate = Gate()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.gate(x) * int(x.shape[0])

    model = nn.Sequential(conv(), Outer(), nn.ReLU())
    (remedy,) = failure_of(model).remedies
    assert [value.rpartition(".")[2] for value in remedy.values] == ["Outer"]
    assert get_graph_node_names(model, leaf_modules=[Outer]) == ["input", "0", "1", "2"]


def error_of(model: nn.Module, queries: Any) -> TracingError:
    with pytest.raises(TracingError) as caught:
        create_feature_extractor(model, queries, backend="fx")
    return caught.value


def test_a_leaf_that_hides_what_is_requested_is_no_remedy() -> None:
    class Deciding(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = conv()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.conv(x) if x.sum() > 0 else x

    model = nn.Sequential(conv(), Deciding(), conv())
    assert "leaf_modules=[Deciding]" in str(error_of(model, ["0", "1"]))
    assert "leaf_modules" not in str(error_of(model, ["0", "1.conv"]))


class Wrapper(nn.Module):
    """A model around the one that computes the features; ``forward`` cannot be traced."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.backbone(x)
        return self.head(x.mean((2, 3))) if x.sum() > 0 else x


def test_a_part_is_offered_if_it_is_traced_and_has_what_is_requested() -> None:
    model = Wrapper(nn.Sequential(Block(), Block()))
    assert "Tried and works: pass model.backbone." in str(error_of(model, ["backbone.1.relu"]))
    assert "Tried and works: pass model.backbone." in str(error_of(model, ["1.relu"]))
    assert "pass model" not in str(error_of(model, ["backbone.1.relu", "head"]))
    assert get_graph_node_names(model.backbone)[-1] == "1.relu_1"


def test_a_part_that_cannot_be_traced_is_not_offered() -> None:
    model = Wrapper(net(lambda s, x: s.conv(x) if x.sum() > 0 else x, conv=conv()))
    assert "pass model.backbone." not in failure_of(model).remedy
    deeper = Wrapper(net(lambda s, x: s.model(x) if x.sum() > 0 else x, model=nn.Sequential(Block(), Block())))
    assert "pass model.backbone.model" in failure_of(deeper).remedy
    assert get_graph_node_names(deeper.backbone.model)[-1] == "1.relu_1"


class Towers(nn.Module):
    """Two parts of one kind, compared in a way that cannot be traced."""

    def __init__(self, **parts: nn.Module) -> None:
        super().__init__()
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first, second = (part(x) for part in self._modules.values() if part is not None)
        return first if first.sum() > second.sum() else second


def tower(blocks: int) -> nn.Sequential:
    return nn.Sequential(*(Block() for _ in range(blocks)))


def offered_part(model: nn.Module, query: str) -> str | None:
    """The path of the part that the message names, applied: torchvision's extractor of it takes the query."""
    match = re.search(r"Tried and works: pass model\.([\w.]*\w)", str(error_of(model, [query])))
    if match is None:
        return None
    part, inner = model.get_submodule(match[1]), query.removeprefix(f"{match[1]}.")
    seen: list[torch.Tensor] = []
    model.eval()
    model.get_submodule(query).register_forward_hook(lambda _m, _i, output: seen.append(output))
    model(X)
    assert torch.equal(theirs.create_feature_extractor(part, [inner])(X)[inner], seen[0])
    return match[1]


SHARED = tower(2)


@pytest.mark.parametrize(
    ("model", "query", "part"),
    [
        (Towers(visual=tower(2), text=tower(2)), "visual.1", "visual"),
        (Towers(visual=tower(2), text=tower(3)), "visual.1", "visual"),
        (Towers(visual=tower(2), text=tower(3)), "1", None),
        (Towers(teacher=tower(8), student=tower(2)), "student.0.conv", "student"),
        (Towers(teacher=tower(8), student=tower(2)), "1", None),
        (Towers(backbone=tower(2), encoder=tower(2)), "encoder.1", "encoder"),
        (Towers(backbone=tower(2), encoder=tower(2)), "1", None),
        (Towers(encoder_q=tower(2), encoder_k=tower(2)), "encoder_q.0", "encoder_q"),
        (Towers(left=SHARED, right=SHARED), "right.1", "right"),
        (Towers(pair=Towers(a=tower(2), b=tower(2)), audio=tower(2)), "pair.b.0", "pair.b"),
        (Towers(visual=tower(2), text=tower(2)), "visual", None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_among_like_parts_the_right_one_is_offered_or_none(model: nn.Module, query: str, part: str | None) -> None:
    assert offered_part(model, query) == part


def test_a_large_part_of_another_purpose_is_not_called_the_model() -> None:
    model = torchvision.models.optical_flow.raft_small()
    assert "update_block" not in failure_of(model).remedy


# --- a train() of the user's own --------------------------------------------------------------------------------------


class Raising(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = conv()
        self.trained = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x) + 1 if self.training else self.conv(x)

    def train(self, mode: bool = True) -> Any:
        raise RuntimeError("no train here")


class Running(Raising):
    def train(self, epochs: int = 10, **options: Any) -> Any:  # type: ignore[override]
        self.trained += epochs
        raise RuntimeError("no data")


@pytest.mark.parametrize("build", [Raising, Running, lambda: nn.Sequential(Running())])
def test_modes_are_switched_without_a_train_that_does_something_else(build: Callable[[], nn.Module]) -> None:
    model = build()
    graph = trace_model(model, shapes=False)
    assert graph.failures == ()
    assert graph.train is not None
    assert graph.eval is not None
    assert len(graph.train.names) == len(graph.eval.names) + 1
    assert all(module.training and not getattr(module, "trained", 0) for module in model.modules())


def test_torchvision_calls_train_and_the_message_says_so() -> None:
    failure = failure_of(Raising(), dialect="torchvision")
    assert failure.message == "the function calls model.train(), and Raising.train raises RuntimeError: no train here"
    assert "Use fxlens.create_feature_extractor" in failure.remedy
    assert failure.source is not None
    with pytest.raises(RuntimeError, match="no train here"):
        theirs.get_graph_node_names(Raising())
    assert trace_model(Raising()).failures == ()


def test_our_own_classes_are_not_in_the_messages() -> None:
    forwards: list[Callable[..., Any]] = [
        lambda s, x: math.fsum(x),
        lambda s, x: complex(x),
        lambda s, x: "a".join(x),
        lambda s, x: torch.zeros(x.shape[0]),
        lambda s, x: [1][x],
    ]
    graphs = [trace_model(net(forward), dialect="torchvision", shapes=False) for forward in forwards]
    failures = [failure for graph in graphs for failure in graph.failures]
    assert any("Proxy" in failure.message for failure in failures)
    for failure in failures:
        assert "InPlaceProxy" not in failure.message
        assert "NodePathTracer" not in failure.message


class Flags(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = conv()

    def forward(
        self, x: torch.Tensor, scale: float = 1.0, return_dict: bool = True, mask: Any = None, *rest: Any
    ) -> Any:
        y = self.conv(x) * scale
        if return_dict:
            return {"y": y if mask is None else y * mask}
        return y


class Undecided(Flags):
    def forward(self, x: torch.Tensor, flag: bool = False) -> Any:  # type: ignore[override]
        return self.conv(x if flag or x.sum() > 0 else -x)


def test_arguments_at_their_defaults_are_tried_for_torchvisions_function() -> None:
    model = Flags()
    failure = failure_of(model, naming="torchvision")
    remedy = failure.remedies[0]
    assert (remedy.kind, remedy.values) == ("concrete_args", ("return_dict=True",))
    assert "Tried and works: concrete_args={'return_dict': True}" in failure.remedy
    names = theirs.get_graph_node_names(model, concrete_args={"return_dict": True})
    assert (remedy.train, remedy.eval) == tuple(map(tuple, names))
    extractor = theirs.create_feature_extractor(model, ["mul"], concrete_args={"return_dict": True})
    assert torch.equal(extractor(X, 1.0, True, torch.ones(1))["mul"], model.conv(X))


def test_they_are_not_named_where_they_do_not_help() -> None:
    assert "concrete_args" not in [each.kind for each in failure_of(Undecided(), naming="torchvision").remedies]
    assert "concrete_args" not in [each.kind for each in failure_of(Flags(), naming="timm").remedies]
    fixed = failure_of(Undecided(), naming="torchvision", concrete_args={"flag": False})
    assert "concrete_args" not in [each.kind for each in fixed.remedies]
