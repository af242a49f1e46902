"""How nodes, modes and places are said, in completion, hover and tree alike."""

from __future__ import annotations

from collections.abc import Iterable

from fxlens.graph import GraphNode, Mode, ModelGraph, Value
from fxlens.queries import Level, how_selected, select_alone


def modes_phrase(modes: Iterable[Mode]) -> str:
    """``train only`` or ``eval only``; nothing for what both modes have."""
    one = tuple(modes)
    return f"{one[0]} only" if len(one) == 1 else ""


def node_phrase(node: GraphNode) -> str:
    """``Conv2d`` for a leaf module, ``add operation`` for an op, ``input``, ``parameter``."""
    if node.op == "call_module":
        return node.label
    if node.op in ("placeholder", "get_attr"):
        return node.label
    return f"{node.label} operation"


def level_phrase(level: Level, class_name: str | None) -> str:
    """What stands at one dotted level: its module class when it has inner names, else what its node is."""
    if level.inner:
        return class_name or "group"
    return node_phrase(level.node or level.last)


def selected_phrase(graph: ModelGraph, path: str, last: GraphNode) -> str:
    """What a path selects that is not a node's name: ``its last node, `layer1.1.relu_1` (ReLU)``."""
    modes = list(graph.traced())
    how = how_selected(graph, modes[0], path) if modes else "last"
    node = (select_alone(graph, modes[0], path) if modes else None) or last
    if how == "several":
        return "what it returns, which is not one node"
    what = "what it returns" if how == "returned" else "its last node"
    return f"{what}, `{node.name}` ({node_phrase(node)})"


def shape_phrase(value: Value | None) -> str:
    """``1×64×56×56`` for a tensor, ``(1×197×768, …)`` for several; nothing when unknown."""
    return value.phrase if value else ""
