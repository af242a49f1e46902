"""What torchvision's extractor keeps of a graph for some queries, and which nodes they select in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fxlens.graph import Dialect, ModeGraph
from fxlens.queries import select_all


@dataclass(frozen=True)
class Extracted:
    """The extractor of one mode: what each query selects, and which nodes are left, all by position."""

    graph: ModeGraph
    chosen: dict[str, int]
    kept: frozenset[int]

    @staticmethod
    def of(graph: ModeGraph, queries: Sequence[str], dialect: Dialect) -> Extracted | None:
        """``None`` for a graph in which nothing works in place: there is nothing to find, and this takes time."""
        if not any(node.writes for node in graph.nodes):
            return None
        at = {id(node): position for position, node in enumerate(graph.nodes)}
        selected = select_all(graph, list(dict.fromkeys(queries)), dialect)
        chosen = {query: at[id(node)] for query, node in selected.items() if node}
        always = (position for position, node in enumerate(graph.nodes) if node.kept)
        return Extracted(graph, chosen, _needed(graph, [*chosen.values(), *always]))

    def needed_by(self, position: int) -> frozenset[int]:
        """The nodes that the one at ``position`` depends on, and itself."""
        return _needed(self.graph, [position])


def _needed(graph: ModeGraph, ends: Iterable[int]) -> frozenset[int]:
    found = set(ends)
    stack = list(found)
    while stack:
        for before in graph.nodes[stack.pop()].inputs:
            if before not in found:
                found.add(before)
                stack.append(before)
    return frozenset(found)
