"""What is true of every graph's picture: each edge is in the levels that it crosses, and boxes do not overlap.

The levels of an edge are worked out the slow way here: from where its two ends stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from fxlens.graph import GraphNode, ModelGraph
from fxlens.levels import Level, Levels, child_id
from fxlens.picture.layout import Inside, Shown, lay_out

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


def check_no_overlap(graph: ModelGraph) -> None:
    """With everything open, and quiet nodes too, no two boxes of the picture lie on each other."""
    levels = Levels(graph, None)
    everything = levels.all()
    for quiet in (False, True):
        for inside in _frames(lay_out(Shown(everything, everything.keys(), quiet))):
            assert not _overlaps(inside), inside.id


def _frames(inside: Inside) -> Iterator[Inside]:
    yield inside
    for box in inside.boxes:
        if box.inside:
            yield from _frames(box.inside)


def _overlaps(inside: Inside) -> list[tuple[str, str]]:
    boxes = sorted(inside.boxes, key=lambda box: box.y)
    pairs = (
        (box, other)
        for at, box in enumerate(boxes)
        for other in takewhile(lambda below, bottom=box.y + box.h: below.y < bottom, boxes[at + 1 :])
    )
    return [(box.id, other.id) for box, other in pairs if box.x < other.x + other.w and other.x < box.x + box.w]


def _identity(node: GraphNode, where: dict[str, list[tuple[str, int]]]) -> str:
    return node.name if node.name in where else f"{node.name}\0"


def _length(levels: Levels, identity: str) -> int:
    level = levels.level(identity)
    assert level is not None
    return len(level["names"])
