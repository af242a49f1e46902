"""The shape and type of every node's value, found by running the graph on meta tensors: sizes only, no arithmetic.

Which input a model takes is given by the caller, or known from the model, or tried: the first layer that an input
reaches says how many channels or features it has. Whatever cannot be found stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from itertools import islice, product
from typing import Any, NamedTuple

import torch
from torch import fx, nn

from fxlens.graph import Mode, Value
from fxlens.tracing.describe.execution import UNKNOWN, execute
from fxlens.tracing.describe.meta import MetaTensors
from fxlens.tracing.describe.shared_graphs import first_of_graph, same_shapes
from fxlens.tracing.model_state.snapshot import Snapshot, preserved, tracing_lock
from fxlens.tracing.model_state.switching import set_mode
from fxlens.tracing.record.context_nodes import is_autocast
from fxlens.tracing.record.modes import ModeTrace
from fxlens.tracing.torch_private import BATCH_NORMS, CONVOLUTIONS, asked_directly

_MAX_TRIALS = 24
_IMAGE_SIDES = (224, 299, 256, 64, 32, 28)


class StatedInput(NamedTuple):
    """An input that somebody stated for a model: a tensor or shape, several, or a mapping; ``origin`` says who."""

    value: Any
    origin: str


class Found(NamedTuple):
    """The values of each mode's nodes, all for one input, and a word on where that input is from.

    ``flops`` are torch's counts of what the nodes compute; nodes that compute nothing are left out.
    """

    values: dict[Mode, dict[fx.Node, Value]]
    reason: str = ""
    flops: Mapping[Mode, Mapping[fx.Node, int]] = {}

    def alike(self, mode: Mode, other: Mode) -> bool:
        """Whether the same was found of both modes, which have the same graph."""
        return self.values.get(mode) == self.values.get(other) and self.flops.get(mode) == self.flops.get(other)


class _Candidate(NamedTuple):
    """An input to try: a value for each placeholder, by position."""

    values: list[Any]
    reason: str


def find_values(
    model: nn.Module,
    traces: Mapping[Mode, ModeTrace],
    stated: Sequence[StatedInput] = (),
    *,
    guess: bool = True,
    snapshot: Snapshot | None = None,
) -> Found:
    """The values of the nodes of ``traces``, as far as they can be found without computing anything.

    All modes are run on one and the same input, so that their shapes can be compared: the first that gets through
    every mode, else the one with which most nodes get a value.

    Args:
        model: the model that was traced; it is left as it was.
        traces: the trace of each mode.
        stated: inputs to try first. A value is a tensor, the shape of one (a sequence of ints), a sequence of such for
            the positional arguments, a mapping of such by argument name, or torchvision weights, for the image that
            their transforms give.
        guess: whether to try inputs that suit the model after those.
        snapshot: one of the model as it is, where the caller has one already.
    """
    graphs = {mode: trace for mode, trace in traces.items() if trace.graph is not None}
    if not graphs:
        return Found({})
    modes = sorted(graphs)  # eval first
    candidates = _candidates(model, _placeholders(graphs[modes[0]]), stated, guess=guess)
    with tracing_lock:
        search = _Search(model, graphs, candidates, snapshot or Snapshot(model))
        at = search.first_complete(modes)
        if at is None:
            at = search.best(modes)
    if at is None:
        return Found({})
    values = {mode: search.values(mode, at) for mode in modes}
    for mode in modes:
        if untyped := _autocast(graphs[mode]):
            values[mode] = {node: _untyped(value) if node in untyped else value for node, value in values[mode].items()}
    return Found(values, candidates[at].reason, {mode: search.flops(mode, at) for mode in modes})


class _Search:
    """Runs of the modes' graphs on candidates. What a run found is kept; the tensors are swapped once for several."""

    def __init__(
        self,
        model: nn.Module,
        traces: Mapping[Mode, ModeTrace],
        candidates: Sequence[_Candidate],
        snapshot: Snapshot,
    ) -> None:
        self._model = model
        self._snapshot = snapshot
        self._traces = traces
        self._candidates = candidates
        self._run_as = _run_as(model, traces)
        self._by_candidate: dict[tuple[Mode, int], dict[fx.Node, Value]] = {}
        self._flops: dict[tuple[Mode, int], dict[fx.Node, int]] = {}

    def first_complete(self, modes: Sequence[Mode]) -> int | None:
        """The first candidate with which every node of every mode gets a value.

        The modes take turns: each goes on from where the last one stands, so that a candidate that one mode refuses
        is not run in the other, and the usual case is one run for each.
        """
        at, agreed = 0, 0
        while agreed < len(modes):
            for mode in modes:
                start = at
                values = self._advance(mode, at)
                if values is None:
                    return None
                at = values
                agreed = agreed + 1 if at == start else 1
                if agreed >= len(modes):
                    break
        return at

    def _advance(self, mode: Mode, start: int) -> int | None:
        total = self._total(mode)
        if len(self._by_candidate.get((self._run_as[mode], start), ())) == total:
            return start
        with preserved(self._model, self._snapshot), _on_meta(self._model, self._traces[mode]) as run:
            for at in range(start, len(self._candidates)):
                if len(self._run(mode, at, run)) == total:
                    return at
        return None

    def best(self, modes: Sequence[Mode]) -> int | None:
        """The candidate with which most nodes get a value in all modes together; the first of equal ones."""
        if not self._candidates:
            return None
        for mode in dict.fromkeys(map(self._run_as.__getitem__, modes)):
            with preserved(self._model, self._snapshot), _on_meta(self._model, self._traces[mode]) as run:
                for at in range(len(self._candidates)):
                    self._run(mode, at, run)
        return max(range(len(self._candidates)), key=lambda at: sum(len(self.values(mode, at)) for mode in modes))

    def values(self, mode: Mode, at: int) -> dict[fx.Node, Value]:
        return self._by_candidate[self._run_as[mode], at]

    def flops(self, mode: Mode, at: int) -> dict[fx.Node, int]:
        return self._flops[self._run_as[mode], at]

    def _run(self, mode: Mode, at: int, run: Any) -> dict[fx.Node, Value]:
        mode = self._run_as[mode]
        if (mode, at) not in self._by_candidate:
            inputs = _placeholders(self._traces[mode])
            inputs_given = dict(zip(inputs, self._candidates[at].values, strict=False))
            values, self._flops[mode, at] = run(inputs_given)
            self._by_candidate[mode, at] = {node: describe_value(value) for node, value in values.items()}
        return self._by_candidate[mode, at]

    def _total(self, mode: Mode) -> int:
        graph = self._traces[mode].graph
        return len(graph.nodes) - 1 if graph is not None else 0  # all but the output


def _run_as(model: nn.Module, traces: Mapping[Mode, ModeTrace]) -> dict[Mode, Mode]:
    """The mode whose run serves each mode: one run for both where it would find the same."""
    firsts = first_of_graph(traces)
    if len(set(firsts.values())) == len(firsts):
        return firsts
    modules = dict(model.named_modules(remove_duplicate=False))
    return {
        mode: first if (graph := traces[mode].graph) is not None and same_shapes(graph, modules) else mode
        for mode, first in firsts.items()
    }


def _placeholders(trace: ModeTrace) -> list[fx.Node]:
    return [node for node in trace.graph.nodes if node.op == "placeholder"] if trace.graph is not None else []


def _autocast(trace: ModeTrace) -> set[fx.Node]:
    """The nodes whose type depends on an autocast: there is none for meta tensors, and it may depend on the device."""
    contexts = trace.tracer.node_to_contexts
    autocast: set[fx.Node] = set()
    for node in trace.graph.nodes if trace.graph is not None and contexts else ():
        if any(map(is_autocast, contexts.get(node, ()))) or not autocast.isdisjoint(node.all_input_nodes):
            autocast.add(node)
    return autocast


def _untyped(value: Value) -> Value:
    return Value(value.kind, value.shape, None, tuple(map(_untyped, value.items)))


def describe_value(value: Any) -> Value:
    """``value`` as plain data."""
    if isinstance(value, torch.Tensor):
        with asked_directly() if type(value) is torch.Tensor else nullcontext():
            return Value("tensor", tuple(value.shape), str(value.dtype).removeprefix("torch."))
    items: tuple[Any, ...] = ()
    if isinstance(value, (tuple, list)):
        items = tuple(value)
    elif isinstance(value, Mapping):
        items = tuple(value.values())
    return Value(type(value).__name__, None, None, tuple(map(describe_value, items)))


@contextmanager
def _on_meta(model: nn.Module, trace: ModeTrace) -> Iterator[Any]:
    """A function that runs the graph of ``trace``, while ``model`` is in its mode and all its tensors are on meta.

    It returns the values of the nodes, and what they compute.

    To be used inside :func:`preserved`, which puts the tensors back.
    """
    meta = MetaTensors()
    set_mode(model, training=trace.mode == "train")
    meta.take_over(model)
    modules = dict(model.named_modules(remove_duplicate=False))
    attributes = {path: meta.of(value) for path, value in trace.attributes.items()}
    assert trace.graph is not None
    nodes = list(trace.graph.nodes)

    def run(inputs: Mapping[fx.Node, Any]) -> tuple[dict[fx.Node, Any], dict[fx.Node, int]]:
        values: dict[fx.Node, Any] = {}
        flops: dict[fx.Node, int] = {}
        for node in nodes:
            if node.op == "output" or not all(argument in values for argument in node.all_input_nodes):
                continue
            if node.op == "placeholder":
                value, computed = inputs.get(node, UNKNOWN), 0
            else:
                value, computed = execute(node, values, modules, attributes)
            if value is not UNKNOWN:
                values[node] = value
            if computed:
                flops[node] = computed
        return values, flops

    with torch.no_grad(), torch.device("meta"):
        yield run


GUESSED = "guessed"
OWN_SIZE = "the model's own size"


def _candidates(
    model: nn.Module, inputs: list[fx.Node], stated: Sequence[StatedInput], *, guess: bool
) -> list[_Candidate]:
    """Inputs to try, the likeliest first; an input that gets no value is :data:`UNKNOWN`."""
    candidates: list[_Candidate] = []
    refused = ""
    for value, origin in stated:
        shape = shape_of_weights(value)
        try:
            values = _arguments(inputs, shape or value)
        except (TypeError, ValueError, RuntimeError):
            refused = refused or f"; {origin} states no input"
            continue
        candidates.append(_Candidate(values, origin))
        refused = refused or f"; the model does not take that of {origin}"
    if not guess:
        return candidates
    own = [*_stated_shapes(model)]
    choices: list[list[Any]] = []
    for node in inputs:
        if node.args:
            choices.append([node.args[0]])
        else:
            shapes = dict.fromkeys([*own, *_fitting_shapes(model, node), *_usual_shapes()])
            tensors: list[Any] = [torch.empty(shape, device="meta") for shape in shapes]
            choices.append(
                [torch.zeros(1, 8, dtype=torch.int64, device="meta"), *tensors] if _is_index(model, node) else tensors
            )
    for example in islice(product(*choices), _MAX_TRIALS):
        is_own = any(isinstance(value, torch.Tensor) and tuple(value.shape) in own for value in example)
        candidates.append(_Candidate([*example], (OWN_SIZE if is_own else GUESSED) + refused))
    return candidates


def _arguments(inputs: list[fx.Node], data: Any) -> list[Any]:
    if not isinstance(data, (torch.Tensor, Mapping, tuple, list)):
        raise TypeError(f"{type(data).__name__} is not an input")
    if isinstance(data, Mapping):
        by_name = {str(node.target).lstrip("*"): node for node in inputs}
        named = {by_name[name]: _tensor(value) for name, value in data.items() if name in by_name}
        return [named.get(node, node.args[0] if node.args else UNKNOWN) for node in inputs]
    single = isinstance(data, torch.Tensor) or (bool(data) and all(isinstance(size, int) for size in data))
    positional = [_tensor(value) for value in ([data] if single else data)]
    defaults = [node.args[0] if node.args else UNKNOWN for node in inputs]
    return [*positional[: len(inputs)], *defaults[len(positional) :]]


def _tensor(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.to("meta")
    if isinstance(value, (tuple, list)) and value and all(isinstance(size, int) for size in value):
        return torch.empty(tuple(value), device="meta")
    return value


def shape_of_weights(weights: Any) -> tuple[int, ...] | None:
    """The shape of the image that the transforms of torchvision weights make; ``None`` for anything else.

    The presets of ``torchvision/transforms/_presets.py`` crop (classification) or resize (segmentation) to a size;
    those for videos and pairs of images leave the other sizes open.

    Example:
        >>> shape_of_weights(EfficientNet_B7_Weights.DEFAULT)  # doctest: +SKIP
        (1, 3, 600, 600)
    """
    transforms = getattr(weights, "transforms", None)
    kind = getattr(getattr(transforms, "func", None), "__name__", "")
    preset = getattr(transforms, "keywords", {})
    size = {"ImageClassification": "crop_size", "SemanticSegmentation": "resize_size"}.get(kind)
    side = preset.get(size) if size else None
    return (1, 3, side, side) if isinstance(side, int) else None


def _stated_shapes(model: nn.Module) -> Iterator[tuple[int, ...]]:
    """What the model says of itself: timm's ``pretrained_cfg``, a vision transformer's ``image_size``."""
    for name in ("pretrained_cfg", "default_cfg"):
        size = _lookup(getattr(model, name, None), "input_size")
        if isinstance(size, (tuple, list)) and all(isinstance(side, int) for side in size):
            yield (1, *size)
    for name in ("image_size", "img_size", "input_size"):
        size = getattr(model, name, None)
        if isinstance(size, int):
            yield (1, 3, size, size)
        elif isinstance(size, (tuple, list)) and len(size) == 2 and all(isinstance(side, int) for side in size):
            yield (1, 3, *size)


def _lookup(config: Any, name: str) -> Any:
    return config.get(name) if isinstance(config, Mapping) else getattr(config, name, None)


def _fitting_shapes(model: nn.Module, node: fx.Node) -> Iterator[tuple[int, ...]]:
    """Shapes for the input ``node`` that suit the first layer it reaches."""
    layer = _first_layer(model, node)
    if isinstance(layer, CONVOLUTIONS):
        dimensions = len(layer.kernel_size)
        sides: dict[int, list[tuple[int, ...]]] = {
            1: [(256,)],
            2: [(side, side) for side in _IMAGE_SIDES],
            3: [(16, 112, 112), (16, 224, 224), (8, 32, 32)],
        }
        yield from ((1, layer.in_channels, *side) for side in sides[dimensions])
    elif isinstance(layer, nn.Linear):
        yield from ((1, layer.in_features), (1, 16, layer.in_features))
    elif isinstance(layer, nn.RNNBase):
        yield (4, 16, layer.input_size)
    elif isinstance(layer, nn.MultiheadAttention):
        yield (4, 16, layer.embed_dim)
    elif isinstance(layer, nn.LayerNorm):
        yield (1, 16, *layer.normalized_shape)
    elif isinstance(layer, BATCH_NORMS):
        channels = layer.num_features
        yield from ((1, channels), (1, channels, 32), (1, channels, 32, 32), (1, channels, 8, 32, 32))


def _is_index(model: nn.Module, node: fx.Node) -> bool:
    return isinstance(_first_layer(model, node), (nn.Embedding, nn.EmbeddingBag))


def _first_layer(model: nn.Module, node: fx.Node) -> nn.Module | None:
    """The first layer with parameters that ``node`` reaches, going through operations but not through layers."""
    modules = dict(model.named_modules(remove_duplicate=False))
    seen, front = {node}, list(node.users)
    while front:
        user = front.pop(0)
        if user.op == "call_module":
            module = modules[str(user.target)]
            inner: nn.Module | None = next((part for part in module.modules() if part._parameters), None)  # noqa: SLF001
            if inner is not None:
                return inner
        if user not in seen:
            seen.add(user)
            front += user.users
    return None


def _usual_shapes() -> Iterator[tuple[int, ...]]:
    yield from ((1, 3, side, side) for side in _IMAGE_SIDES)
    yield from ((1, 3, 16, 112, 112), (1, 1, 28, 28), (1, 16), (1, 16, 16))
