"""Where a position stands in a syntax tree."""

from __future__ import annotations

from fxlens.source.syntax.nodes import Module, Node, Pos, child_nodes


def path_to(module: Module, position: Pos) -> list[Node]:
    """The nodes that hold ``position`` (line from 1), outermost first; only blocks on the way are lowered.

    A position behind the last character of a node is not in it.
    """
    path: list[Node] = [module]
    while True:
        inner = next(
            (child for child in child_nodes(path[-1]) if child.start_pos <= position < child.end_pos),
            None,
        )
        if inner is None:
            return path
        path.append(inner)
