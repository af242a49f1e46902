"""What torchvision's extractor keeps of a graph for some queries, and which nodes they select in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from fxlens.graph import Dialect, GraphNode, ModeGraph
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
        selected = {
            query: node for query, node in select_all(graph, list(dict.fromkeys(queries)), dialect).items() if node
        }
        chosen = dict(zip(selected, positions(graph, selected.values()), strict=True))
        return Extracted(graph, chosen, kept(graph, chosen.values()))

    def values_behind(self, position: int) -> frozenset[int]:
        """The nodes whose values the one at ``position`` depends on, and itself, but not those it asks the size of."""
        return needed(self.graph, [position], stop=_asks_size)


def positions(graph: ModeGraph, nodes: Iterable[GraphNode]) -> list[int]:
    """Where ``nodes`` of the graph stand in it: by identity, since a name may be given twice."""
    at = {id(node): position for position, node in enumerate(graph.nodes)}
    return [at[id(node)] for node in nodes]


def kept(graph: ModeGraph, ends: Iterable[int]) -> frozenset[int]:
    """What an extractor keeps that returns the nodes at ``ends``, and what torch.fx keeps in any pruned graph."""
    return needed(graph, [*ends, *(position for position, node in enumerate(graph.nodes) if node.kept)])


def needed(
    graph: ModeGraph, ends: Iterable[int], stop: Callable[[GraphNode], bool] = lambda _: False
) -> frozenset[int]:
    reached = set(ends)
    stack = list(reached)
    while stack:
        node = graph.nodes[stack.pop()]
        for before in () if stop(node) else node.inputs:
            if before not in reached:
                reached.add(before)
                stack.append(before)
    return frozenset(reached)


def _asks_size(node: GraphNode) -> bool:
    """Whether a node looks at the size or type of its inputs only, never at their values."""
    return node.label in _SIZES or node.label.endswith("_like") or node.label.startswith("new_")


_SIZES = frozenset(["getattr", "size", "dim", "numel", "stride", "ndimension", "nelement", "type", "is_floating_point"])


def reads_values_of(node: GraphNode, positions: Iterable[int]) -> bool:
    """Whether ``node`` reads the values of one of the nodes at ``positions``."""
    return not _asks_size(node) and not set(positions).isdisjoint(node.inputs)
