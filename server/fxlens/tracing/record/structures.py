"""What a module returned, as structure: tuples, lists, dicts and objects with graph nodes in them.

While tracing, a module returns proxies inside whatever Python built around them. :func:`nodes_of` takes that apart, so
that it can be put together again at the end of a graph, with :func:`rebuild`; :func:`copy_of` is the function that
such a graph calls to keep a value which a later in-place operation would overwrite.
"""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import fx, nn
from torch.fx.proxy import Attribute

from fxlens.tracing.torch_private import node_of_attribute

_CONSTANTS = (
    int,
    float,
    complex,
    bool,
    str,
    bytes,
    type(None),
    torch.dtype,
    torch.device,
    torch.Size,
    type(...),
    slice,
)


class Built(NamedTuple):
    """A value that is made by calling ``factory``: a named tuple, an OrderedDict, a dataclass."""

    factory: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class Unread(NamedTuple):
    """An attribute of a traced value (``x.shape``) that nothing had used yet when a module returned it."""

    proxy: Attribute

    def node(self) -> fx.Node | None:
        """The node that reads the attribute, if something used it later."""
        return node_of_attribute(self.proxy)


class Opaque(NamedTuple):
    """An object of a class that we cannot take apart."""

    class_name: str


def nodes_of(value: Any) -> Any:
    """``value`` with a node for every proxy; makes no nodes, so that tracing goes on as if nobody had looked."""
    if isinstance(value, Attribute) and Unread(value).node() is None:
        return Unread(value)
    if isinstance(value, fx.Proxy):
        return value.node
    if isinstance(value, (*_CONSTANTS, torch.Tensor)):
        return value
    if isinstance(value, tuple):
        items = tuple(nodes_of(item) for item in value)
        return Built(type(value), items, {}) if hasattr(value, "_fields") else items
    if type(value) is list:
        return [nodes_of(item) for item in value]
    if type(value) is dict:
        return {key: nodes_of(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value):
        fields = {field.name: nodes_of(getattr(value, field.name)) for field in dataclasses.fields(value) if field.init}
        return Built(type(value), (), fields)
    if type(value) is OrderedDict:
        return Built(OrderedDict, ([(key, nodes_of(item)) for key, item in value.items()],), {})
    return Opaque(type(value).__qualname__)


def parts_of(value: Any) -> Iterator[Any]:
    """What stands at the ends of the structure ``value``: nodes, constants, tensors, what is unread or opaque."""
    if isinstance(value, Built):
        yield from parts_of(value.args)
        yield from parts_of(value.kwargs)
    elif isinstance(value, (Unread, Opaque, *_CONSTANTS)):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from parts_of(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from parts_of(item)
    else:
        yield value


def nodes_in(value: Any) -> list[fx.Node]:
    """The nodes that must have run before the structure ``value`` can be put together."""
    nodes = []
    for part in parts_of(value):
        if isinstance(part, fx.Node):
            nodes.append(part)
        elif isinstance(part, Unread):
            nodes.append(part.proxy.root.node)
    return nodes


def rebuild(graph: fx.Graph, value: Any, part: Callable[[Any], Any]) -> Any:
    """``value`` as an argument for a node of ``graph``: each end through ``part``, each :class:`Built` as a call."""

    def again(inner: Any) -> Any:
        if isinstance(inner, Built):
            return graph.call_function(inner.factory, again(inner.args), again(inner.kwargs))
        if isinstance(inner, (Unread, Opaque, *_CONSTANTS)):
            return part(inner)
        if isinstance(inner, tuple):
            return tuple(map(again, inner))
        if isinstance(inner, list):
            return list(map(again, inner))
        if isinstance(inner, dict):
            return {key: again(item) for key, item in inner.items()}
        return part(inner)

    return again(value)


def map_ends(value: Any, change: Callable[[Any], Any]) -> Any:
    """``value`` with ``change`` applied to whatever stands in its tuples, lists, dicts and slices, made new and plain.

    Unlike ``torch.fx.map_arg`` it makes lists that code may change and that any version of torch can pickle.
    """
    if isinstance(value, tuple) and not isinstance(value, torch.Size):
        items = [map_ends(item, change) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, list):
        return [map_ends(item, change) for item in value]
    if isinstance(value, dict):
        return {key: map_ends(item, change) for key, item in value.items()}
    if isinstance(value, slice):
        return slice(*(map_ends(bound, change) for bound in (value.start, value.stop, value.step)))
    return change(value)


def copy_of(value: Any) -> Any:
    """``value`` with a copy of every tensor in it, of its kind (with a gradient, for inference) in any mode.

    Example:
        >>> before = torch.zeros(1)
        >>> kept = copy_of([before]); _ = before.add_(1); kept
        [tensor([0.])]
    """
    if isinstance(value, torch.Tensor):
        return _clone(value)
    if isinstance(value, fx.Proxy):
        # Somebody traces the extractor: what they get must copy too.
        return value.tracer.create_proxy("call_function", copy_of, (value,), {})
    if isinstance(value, tuple):
        items = [copy_of(item) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, list):
        return [copy_of(item) for item in value]
    if isinstance(value, dict):
        return {key: copy_of(item) for key, item in value.items()}
    return value


def _clone(tensor: torch.Tensor) -> torch.Tensor:
    if torch.compiler.is_compiling():
        # It cannot be asked there whether a tensor is for inference: it is, if it was made in this mode.
        with torch.set_grad_enabled(tensor.requires_grad or torch.is_grad_enabled()):
            return tensor.clone()
    inference, gradient = tensor.is_inference(), tensor.requires_grad
    if inference == torch.is_inference_mode_enabled() and (torch.is_grad_enabled() or not gradient):
        return tensor.clone()
    with torch.inference_mode(inference), torch.set_grad_enabled(gradient):
        return tensor.clone()


def lookup(root: nn.Module, path: str) -> Any:
    """The attribute at a dotted path."""
    value: Any = root
    for part in path.split("."):
        value = getattr(value, part)
    return value
