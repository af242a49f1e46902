"""What a traced model returns: the named nodes in the returned structure, and where in it they are."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from torch import fx


def describe_outputs(graph: fx.Graph, names: Mapping[fx.Node, str]) -> tuple[tuple[str, int], ...]:
    """Each named node that ``graph`` returns: its dotted key in the returned structure, its position in ``names``.

    torch.fx builds named tuples and dataclasses by nodes that have no name; those are looked through. A constant, a
    buffer, or whatever an object of another class holds, has no node that could be named.

    Example:
        ``{"out": x, "aux": (y, z)}`` gives ``("out", 4), ("aux.0", 7), ("aux.1", 9)``
    """
    output = next((node for node in reversed(graph.nodes) if node.op == "output"), None)
    if output is None:
        return ()
    positions = {node: position for position, node in enumerate(names)}
    outputs = _named_nodes(output.args[0], "", positions)
    return tuple((key, positions[node]) for key, node in outputs)


def _named_nodes(value: Any, key: str, positions: Mapping[fx.Node, int]) -> Iterator[tuple[str, fx.Node]]:
    if isinstance(value, fx.Node):
        if value in positions:
            yield key, value
        elif value.op == "call_function" and inspect.isclass(value.target):
            yield from _named_nodes(_arguments(value), key, positions)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _named_nodes(item, _below(key, name), positions)
    elif isinstance(value, (tuple, list)):
        for number, item in enumerate(value):
            yield from _named_nodes(item, _below(key, number), positions)


def _arguments(node: fx.Node) -> Any:
    """What an unnamed node builds an object from: by name, where its class names its fields."""
    kind: Any = node.target
    if dataclasses.is_dataclass(kind):
        fields = [field.name for field in dataclasses.fields(kind) if field.init]
    else:
        fields = list(getattr(kind, "_fields", ()))
    if not fields:
        return (*node.args, *node.kwargs.values())
    return {**dict(zip(fields, node.args, strict=False)), **node.kwargs}


def _below(key: str, inner: Any) -> str:
    return f"{key}.{inner}" if key else str(inner)
