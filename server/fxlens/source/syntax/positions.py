"""Where a position stands in a syntax tree."""

from __future__ import annotations

from bisect import bisect_right

from fxlens.source.syntax.nodes import Block, Module, Node, Pos, child_nodes


def path_to(module: Module, position: Pos) -> list[Node]:
    """The nodes that hold ``position`` (line from 1), outermost first; only blocks on the way are lowered.

    A position behind the last character of a node is not in it.
    """
    path: list[Node] = [module]
    while True:
        node = path[-1]
        inner = _statement_at(node, position) if isinstance(node, Block) else _child_at(node, position)
        if inner is None:
            return path
        path.append(inner)


def _statement_at(block: Block, position: Pos) -> Node | None:
    statements = block.statements
    at = bisect_right(statements, position, key=lambda statement: statement.start_pos) - 1
    return statements[at] if at >= 0 and position < statements[at].end_pos else None


def _child_at(node: Node, position: Pos) -> Node | None:
    return next((child for child in child_nodes(node) if child.start_pos <= position < child.end_pos), None)
