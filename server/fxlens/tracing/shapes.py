"""The shape and type of every node's value, found by running the graph on meta tensors: sizes only, no arithmetic.

Which input a model takes is given by the caller, or known from the model, or tried: the first layer that an input
reaches says how many channels or features it has. Whatever cannot be found stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice, product
from typing import Any

import torch
from torch import fx, nn
from torch.nn.parameter import is_lazy

from fxlens.graph import Value
from fxlens.tracing.contexts import is_autocast
from fxlens.tracing.meta import MetaTensors
from fxlens.tracing.modes import ModeTrace
from fxlens.tracing.preserve import preserved
from fxlens.tracing.switching import set_mode
from fxlens.tracing.torch_private import BATCH_NORMS, CONVOLUTIONS, RUNNING_NORMS
from fxlens.tracing.values import map_ends

_UNKNOWN = object()
_MAX_TRIALS = 24
_IMAGE_SIDES = (224, 299, 256, 64, 32, 28)


def find_values(model: nn.Module, trace: ModeTrace, example_input: Any = None) -> dict[fx.Node, Value]:
    """The values of the nodes of ``trace``, as far as they can be found without computing anything.

    Args:
        model: the model that was traced; it is left as it was.
        example_input: a tensor, the shape of one (a sequence of ints), a sequence of such for the positional
            arguments, a mapping of such by argument name, or torchvision weights, for the image that their transforms
            give. ``None`` for inputs that suit the model.
    """
    if trace.graph is None:
        return {}
    inputs = [node for node in trace.graph.nodes if node.op == "placeholder"]
    best: dict[fx.Node, Any] = {}
    with preserved(model), _on_meta(model, trace) as run:
        for example in _examples(model, inputs, example_input):
            values = run(dict(zip(inputs, example, strict=True)))
            if len(values) > len(best):
                best = values
            if len(best) == len(trace.graph.nodes) - 1:  # all but the output
                break
    values = {node: describe_value(value) for node, value in best.items()}
    return {**values, **{node: _untyped(values[node]) for node in _autocast(trace) if node in values}}


def _autocast(trace: ModeTrace) -> set[fx.Node]:
    """The nodes whose type depends on an autocast: there is none for meta tensors, and it may depend on the device."""
    contexts = trace.tracer.node_to_contexts
    found: set[fx.Node] = set()
    for node in trace.graph.nodes if trace.graph is not None and contexts else ():
        if any(map(is_autocast, contexts.get(node, ()))) or not found.isdisjoint(node.all_input_nodes):
            found.add(node)
    return found


def _untyped(value: Value) -> Value:
    return Value(value.kind, value.shape, None, tuple(map(_untyped, value.items)))


def describe_value(value: Any) -> Value:
    """``value`` as plain data."""
    if isinstance(value, torch.Tensor):
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

    To be used inside :func:`preserved`, which puts the tensors back.
    """
    meta = MetaTensors()
    set_mode(model, training=trace.mode == "train")
    meta.take_over(model)
    modules = dict(model.named_modules(remove_duplicate=False))
    attributes = {path: meta.of(value) for path, value in trace.attributes.items()}
    assert trace.graph is not None
    nodes = list(trace.graph.nodes)

    def run(inputs: Mapping[fx.Node, Any]) -> dict[fx.Node, Any]:
        values: dict[fx.Node, Any] = {}
        for node in nodes:
            if node.op == "output" or not all(argument in values for argument in node.all_input_nodes):
                continue
            value = inputs[node] if node.op == "placeholder" else _execute(node, values, modules, attributes)
            if value is not _UNKNOWN:
                values[node] = value
        return values

    with torch.no_grad(), torch.device("meta"):
        yield run


def _execute(
    node: fx.Node, values: Mapping[fx.Node, Any], modules: Mapping[str, nn.Module], attributes: Mapping[str, Any]
) -> Any:
    target: Any = node.target
    if node.op == "get_attr":
        return attributes[target]

    def value_of(argument: Any) -> Any:
        return values[argument] if isinstance(argument, fx.Node) else argument

    try:
        args, kwargs = map_ends(node.args, value_of), map_ends(node.kwargs, value_of)
        if node.op == "call_module":
            module = modules[target]
            if any(map(is_lazy, module.parameters())):
                return _UNKNOWN  # calling it would make it another class for good
            return torch.empty_like(args[0]) if _keeps_shape(module, *args) else module(*args, **kwargs)
        if node.op == "call_method":
            return getattr(args[0], target)(*args[1:], **kwargs)
        return target(*args, **kwargs)
    except Exception:
        return _UNKNOWN


def _keeps_shape(module: nn.Module, *args: Any) -> bool:
    """Whether ``module`` is a layer that returns a tensor like its one argument, and that accepts this one.

    Normalisation in particular is slow on meta tensors (torch decomposes it in Python), and half of all layers.
    """
    if type(module) not in _SAME_SHAPE or len(args) != 1:
        return False
    shape = args[0].shape
    if isinstance(module, RUNNING_NORMS):
        return len(shape) in _RANKS.get(type(module), ()) and shape[1] == module.num_features
    if isinstance(module, nn.LayerNorm):
        return tuple(shape[-len(module.normalized_shape) :]) == module.normalized_shape
    return True


_RANKS: dict[type[nn.Module], tuple[int, ...]] = {nn.BatchNorm1d: (2, 3), nn.BatchNorm2d: (4,), nn.BatchNorm3d: (5,)}
_SAME_SHAPE = frozenset(
    [*_RANKS, nn.LayerNorm, nn.ReLU, nn.ReLU6, nn.SiLU, nn.GELU, nn.Sigmoid, nn.Tanh, nn.Hardswish, nn.Hardsigmoid]
)


def _examples(model: nn.Module, inputs: list[fx.Node], given: Any) -> Iterator[list[Any]]:
    """Inputs to try, the likeliest first; an input that gets no value is :data:`_UNKNOWN`."""
    stated = [shape] if (shape := shape_of_weights(given)) else [*_stated_shapes(model)]
    if given is not None and not shape:
        yield _given(inputs, given)
        return
    choices: list[list[Any]] = []
    for node in inputs:
        if node.args:
            choices.append([node.args[0]])
        else:
            shapes = dict.fromkeys([*stated, *_fitting_shapes(model, node), *_usual_shapes()])
            tensors: list[Any] = [torch.empty(shape, device="meta") for shape in shapes]
            choices.append(
                [torch.zeros(1, 8, dtype=torch.int64, device="meta"), *tensors] if _is_index(model, node) else tensors
            )
    yield from ([*example] for example in islice(product(*choices), _MAX_TRIALS))


def _given(inputs: list[fx.Node], given: Any) -> list[Any]:
    if isinstance(given, Mapping):
        by_name = {str(node.target).lstrip("*"): node for node in inputs}
        named = {by_name[name]: _tensor(value) for name, value in given.items() if name in by_name}
        return [named.get(node, node.args[0] if node.args else _UNKNOWN) for node in inputs]
    one = isinstance(given, torch.Tensor) or (bool(given) and all(isinstance(size, int) for size in given))
    positional = [_tensor(value) for value in ([given] if one else given)]
    defaults = [node.args[0] if node.args else _UNKNOWN for node in inputs]
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
