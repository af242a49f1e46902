"""A graph as data that can be pickled, and the graph again: torch.fx would trace the generated code once more."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import fx

from fxlens.tracing.extract.codegen import ExtractorCodeGen, home_of
from fxlens.tracing.record.structures import map_ends


@dataclass(frozen=True)
class _Ref:
    """Another node of the same graph, by name."""

    name: str


class _Function(NamedTuple):
    """A function by the name under which it is found: some of torch's cannot be pickled as they are."""

    module: str
    name: str


class Record(NamedTuple):
    """One node of a graph."""

    op: str
    name: str
    target: Any
    args: Any
    kwargs: Any
    annotation: Any
    is_wrapped: bool


def records_of(graph: fx.Graph) -> list[Record]:
    def refer(value: Any) -> Any:
        return _Ref(value.name) if isinstance(value, fx.Node) else value

    return [
        Record(
            node.op,
            node.name,
            _named(node.target),
            map_ends(node.args, refer),
            map_ends(node.kwargs, refer),
            _picklable(node.type),
            bool(node.meta.get("is_wrapped", False)),
        )
        for node in graph.nodes
    ]


def graph_of(records: Iterable[Record]) -> fx.Graph:
    graph = fx.Graph()
    graph.set_codegen(ExtractorCodeGen())
    nodes: dict[str, fx.Node] = {}

    def resolve(value: Any) -> Any:
        return nodes[value.name] if isinstance(value, _Ref) else value

    for record in records:
        target = record.target
        if isinstance(target, _Function):
            target = getattr(sys.modules[target.module], target.name)
        args, kwargs = map_ends(record.args, resolve), map_ends(record.kwargs, resolve)
        node = graph.create_node(record.op, target, args, kwargs, record.name, record.annotation)
        if record.is_wrapped:
            node.meta["is_wrapped"] = True
        nodes[record.name] = node
    return graph


def _named(target: Any) -> Any:
    home = None if isinstance(target, str) else home_of(target)
    return target if home is None else _Function(home, target.__name__)


def _picklable(annotation: Any) -> Any:
    """A parameter's annotation, or ``None`` for a class that is local to a function: it is not worth a failure."""
    if annotation is None or isinstance(annotation, str):
        return annotation
    try:
        pickle.dumps(annotation)
    except (pickle.PicklingError, AttributeError, TypeError):
        return None
    return annotation
