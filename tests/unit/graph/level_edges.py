"""The levels that every edge of a graph must be drawn in, found the slow way: from where its two ends stand."""

from __future__ import annotations

from fxlens.graph import GraphNode, ModelGraph
from fxlens.levels import Level, Levels, child_id

Drawn = tuple[str, int, int]
"""A level's id and the two numbers of one of its edges."""


def chains(levels: Levels) -> dict[str, list[tuple[str, int]]]:
    """For each node's name: the levels that it stands in, from the top, and the child's number in each."""
    found: dict[str, list[tuple[str, int]]] = {}

    def visit(identity: str, above: list[tuple[str, int]]) -> None:
        level = levels.level(identity)
        assert level is not None
        for number, kind in enumerate(level["kinds"]):
            here = [*above, (identity, number)]
            if kind == "g":
                visit(child_id(level, number), here)
            else:
                name = child_id(level, number)
                assert name not in found
                found[name] = here

    visit("", [])
    return found


def expected(source: list[tuple[str, int]], reader: list[tuple[str, int]], levels: Levels) -> set[Drawn]:
    """The edges that stand for one edge of the graph: one where its ends part, one in each level further down."""
    same = next((at for at, (one, other) in enumerate(zip(source, reader, strict=False)) if one != other), None)
    if same is None:
        return set()
    top = source[same][0]
    edges = {(top, source[same][1], reader[same][1])}
    edges |= {(identity, -1, number) for identity, number in reader[same + 1 :]}
    edges |= {(identity, number, _length(levels, identity)) for identity, number in source[same + 1 :]}
    return edges


def drawn(levels: dict[str, Level]) -> set[Drawn]:
    found = [
        (identity, *pair)
        for identity, level in levels.items()
        for pair in zip(level["edges"][::2], level["edges"][1::2], strict=True)
    ]
    assert len(found) == len(set(found))
    return set(found)


def check_every_edge(graph: ModelGraph) -> None:
    """Every edge of each mode of ``graph`` is in exactly the levels that it crosses, and nothing else is drawn."""
    for one in graph.traced():
        levels = Levels(graph, one.mode)
        where = chains(levels)
        names = [_identity(node, where) for node in one.nodes]
        wanted: set[Drawn] = set()
        for name, node in zip(names, one.nodes, strict=True):
            for source in node.inputs:
                wanted |= expected(where[names[source]], where[name], levels)
        for key, source in one.outputs:
            wanted |= expected(where[names[source]], where[f"\0output{key}"], levels)
        assert drawn(levels.all()) == wanted


def _identity(node: GraphNode, where: dict[str, list[tuple[str, int]]]) -> str:
    return node.name if node.name in where else f"{node.name}\0"


def _length(levels: Levels, identity: str) -> int:
    level = levels.level(identity)
    assert level is not None
    return len(level["names"])
