"""Where everything of the picture stands: the same as ``client/webview/layout.ts``, where the reasons are.

Pure, and integers only; the tests compare the two number by number.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from fxlens.levels import Level, child_id
from fxlens.picture.lanes import GAP, Lanes, Line, Obstacles
from fxlens.picture.texts import Title, card_width, letter, title_width

CARD, HEAD = 42, 28
_BESIDE, _PADDING, _TOP, _HEAVY = 26, 16, 22, 4096


@dataclass(slots=True, eq=False)
class Box:
    """A child of a level: a card, or, when it has an inside, a frame. Coordinates are those within its parent."""

    number: int
    id: str
    inside: Inside | None
    w: int
    h: int
    port: int
    """Where its line comes in and goes out, from its left side."""
    x: int = 0
    y: int = 0


@dataclass(frozen=True, slots=True)
class Edge:
    """A line from the bottom of ``source`` (the frame's entry without one) to the top of ``reader`` (its exit)."""

    source: Box | None
    reader: Box | None
    mark: str
    """As in :attr:`fxlens.levels.Level.marks`."""
    line: Line


@dataclass(frozen=True, slots=True)
class Inside:
    """A level that is laid out."""

    id: str
    level: Level
    titles: Sequence[Title]
    """The groups that the frame stands for: more than one where each holds nothing but the next."""
    boxes: Sequence[Box]
    edges: Sequence[Edge]
    w: int
    h: int
    port: int


@dataclass(frozen=True, slots=True)
class Shown:
    """What is laid out: the levels by their ids, which of them are open, and whether quiet nodes are shown."""

    levels: Mapping[str, Level]
    open: Collection[str]
    quiet: bool = False


def lay_out(shown: Shown) -> Inside:
    """Lay out the whole model, with all groups that are open and whose levels are known.

    Example:
        >>> inside = lay_out(Shown(levels.all(), levels.opened()))  # doctest: +SKIP
        >>> inside.w, inside.h  # doctest: +SKIP
        (262, 752)
    """
    return _lay_out_level(shown, "", shown.levels[""], ())


def _lay_out_level(shown: Shown, identity: str, level: Level, titles: tuple[Title, ...]) -> Inside:
    numbers = [at for at in range(len(level["names"])) if shown.quiet or letter(level["quiet"], at) != "1"]
    if titles and len(numbers) == 1:
        inner = _opened(shown, level, numbers[0])
        if inner:
            title, inner_level = inner
            return _lay_out_level(shown, title.id, inner_level, (*titles, title))
    boxes = [_box_of(shown, level, number) for number in numbers]
    links = _links_of(level, numbers, quiet=shown.quiet)
    layers = _layers_of(len(boxes), links)
    _share_widths(boxes, layers, links)
    x = _Columns(boxes, layers, links).spread_horizontally()
    height = _rows(boxes, layers, links, x, HEAD + _TOP if titles else _PADDING)
    return _finish(identity, level, titles, boxes, links, height)


def _opened(shown: Shown, level: Level, number: int) -> tuple[Title, Level] | None:
    if letter(level["kinds"], number) != "g":
        return None
    identity = child_id(level, number)
    inner = shown.levels.get(identity) if identity in shown.open else None
    if inner is None:
        return None
    run = level["runs"].get(str(number))
    what = level["whats"][number] + (f" ×{run}" if run else "")
    return Title(identity, level["names"][number], what), inner


def _box_of(shown: Shown, level: Level, number: int) -> Box:
    inner = _opened(shown, level, number)
    if inner is None:
        width = card_width(level, number)
        return Box(number, child_id(level, number), None, width, CARD, width // 2)
    title, inner_level = inner
    inside = _lay_out_level(shown, title.id, inner_level, (title,))
    return Box(number, title.id, inside, inside.w, inside.h, inside.port)


class _Link(NamedTuple):
    """An edge between the visible boxes, by their places; -1 is the entry, ``len(boxes)`` the exit."""

    source: int
    reader: int
    mark: str


class _Links(NamedTuple):
    all: list[_Link]
    sources: list[list[int]]
    """The boxes that each reads, forwards, and -1 for the entry."""
    readers: list[list[int]]


def _links_of(level: Level, numbers: Sequence[int], *, quiet: bool) -> _Links:
    row = {number: at for at, number in enumerate(numbers)}
    row[-1], row[len(level["names"])] = -1, len(numbers)
    links = _Links([], [[] for _ in numbers], [[] for _ in numbers])
    edges = level["edges"]
    for at in range(0, len(edges), 2):
        mark = letter(level["marks"], at // 2) or "b"
        source, reader = row.get(edges[at]), row.get(edges[at + 1])
        if source is None or reader is None or (not quiet and mark < "a"):
            continue
        links.all.append(_Link(source, reader, mark))
        if source >= reader:
            continue
        if reader < len(numbers):
            links.sources[reader].append(source)
        if source >= 0:
            links.readers[source].append(reader)
    return links


class _Layers(NamedTuple):
    of: list[int]
    members: list[list[int]]
    tail: list[int]
    """How long the longest way from each box to the end is."""


def _layers_of(count: int, links: _Links) -> _Layers:
    of: list[int] = []
    for at in range(count):
        # Modules of which no lines are known are a list.
        start = 0 if links.all else at
        of.append(max([start, *(of[source] + 1 for source in links.sources[at] if source >= 0)]))
    tail = [0] * count
    for at in range(count - 1, -1, -1):
        inner = [reader for reader in links.readers[at] if reader < count]
        tail[at] = max((tail[reader] + 1 for reader in inner), default=0)
        nearest = min((of[reader] for reader in inner), default=-1)
        # What reads nothing stands right above its first reader, not at the top of all.
        if not links.sources[at] and nearest > 0:
            of[at] = nearest - 1
    members: list[list[int]] = [[] for _ in range(max(of, default=-1) + 1)]
    for at, layer in enumerate(of):
        members[layer].append(at)
    return _Layers(of, members, tail)


def _share_widths(boxes: Sequence[Box], layers: _Layers, links: _Links) -> None:
    """The cards of one line get one width: their names start, and their shapes end, below each other.

    A line goes on, beyond where others part from it and come back, in the boxes that get the x of those above them.
    """
    line: list[int] = []
    widest = [0]  # The first line is the trunk.
    heirs: dict[int, int | None] = {}
    for at, box in enumerate(boxes):
        before = _above(at, layers, links, heirs)
        if before is None:
            line.append(len(widest))
            widest.append(0)
        else:
            line.append(line[before] if before >= 0 else 0)
        if box.inside is None:
            widest[line[at]] = max(widest[line[at]], box.w)
    for at, box in enumerate(boxes):
        if box.inside is None:
            box.w = widest[line[at]]
            box.port = box.w // 2


def _above(at: int, layers: _Layers, links: _Links, heirs: dict[int, int | None]) -> int | None:
    """The box whose line another continues; -1 for the trunk. ``heirs`` are the boxes that continue the lines."""
    read, layer = links.sources[at], layers.of[at]
    if len(layers.members[layer]) == 1:
        return read[0] if len(read) == 1 else -1
    near = [source for source in read if (layers.of[source] if source >= 0 else -1) == layer - 1]
    if len(near) != 1:
        return None
    if near[0] not in heirs:
        heirs[near[0]] = _heir(near[0], layer, layers, links)
    return near[0] if heirs[near[0]] == at else None


def _heir(source: int, layer: int, layers: _Layers, links: _Links) -> int | None:
    """Which of the boxes that a line leads to in a layer continues it: the only one, or the one with most to come."""
    if source < 0:
        boxes = layers.members[layer]
    else:
        boxes = [box for box in links.readers[source] if box < len(layers.of) and layers.of[box] == layer]
    longest = max((layers.tail[box] for box in boxes), default=0)
    best = [box for box in boxes if layers.tail[box] == longest]
    return best[0] if len(best) == 1 else None


class _Columns:
    """The x of each box's port: the entry's is 0, and so is that of whatever continues the trunk."""

    def __init__(self, boxes: Sequence[Box], layers: _Layers, links: _Links) -> None:
        self._boxes, self._layers, self._sources = boxes, layers, links.sources
        self._x = [0] * len(boxes)

    def spread_horizontally(self) -> list[int]:
        for layer in self._layers.members:
            wishes = {box: self._wish(box, len(layer)) for box in layer}
            wished = [value for value in wishes.values() if value is not None]
            middle = sum(wished) // len(wished) if wished else 0
            # What reads nothing stands at the side, in the order of execution.
            ordered = sorted(layer, key=lambda box: (wishes[box] is None, wishes[box] or 0, box))
            wanted = [middle if (wish := wishes[box]) is None else wish for box in ordered]
            pairs = [(self._boxes[left], self._boxes[right]) for left, right in pairwise(ordered)]
            apart = [left.w - left.port + right.port + _BESIDE for left, right in pairs]
            for box, x in zip(ordered, spread(wanted, apart, self._weights(ordered)), strict=True):
                self._x[box] = x
        return self._x

    def _wish(self, box: int, company: int) -> int | None:
        read = self._sources[box]
        if not read:
            return None
        if company == 1 and len(read) > 1:
            return 0
        of = self._layers.of
        near = [source for source in read if source < 0 or of[source] == of[box] - 1]
        taken = read if len(read) > 2 or not near else near
        return sum(self._x[source] if source >= 0 else 0 for source in taken) // len(taken)

    def _weights(self, ordered: Sequence[int]) -> list[int]:
        """Of those that part, the one with most to come stays on the line; equals spread around it."""
        tails = [self._layers.tail[box] for box in ordered]
        longest = max(tails)
        single = tails.count(longest) == 1
        return [_HEAVY if single and length == longest else 1 for length in tails]


class _Block(NamedTuple):
    sum: int
    weight: int
    start: int


def spread(wanted: Sequence[int], apart: Sequence[int], weights: Sequence[int]) -> list[int]:
    """Places at least ``apart`` from each other, nearest to those wanted in the weighted square.

    By pooling adjacent violators.

    Example:
        >>> spread([0, 0], [100], [1, 1])
        [-50, 50]
    """
    offsets = [0]
    for distance in apart:
        offsets.append(offsets[-1] + distance)
    blocks: list[_Block] = []
    for at, (target, weight) in enumerate(zip(wanted, weights, strict=True)):
        block = _Block((target - offsets[at]) * weight, weight, at)
        while blocks and blocks[-1].sum * block.weight >= block.sum * blocks[-1].weight:
            last = blocks.pop()
            block = _Block(last.sum + block.sum, last.weight + block.weight, last.start)
        blocks.append(block)
    positions: list[int] = []
    ends = [*(block.start for block in blocks[1:]), len(wanted)]
    for block, end in zip(blocks, ends, strict=True):
        # Rounded: a heavy place stays where it is.
        mean = (2 * block.sum + block.weight) // (2 * block.weight)
        positions.extend(mean + offsets[at] for at in range(block.start, end))
    return positions


def _rows(boxes: Sequence[Box], layers: _Layers, links: _Links, x: Sequence[int], top: int) -> int:
    """Each box right below what it reads, or what is in its way: beside a tall neighbour there is no hole."""
    skyline, bottom = _Skyline(top - GAP), top
    for at in (at for layer in layers.members for at in layer):
        box = boxes[at]
        box.x = x[at] - box.port
        box.y = skyline.height(box.x - _BESIDE // 2, box.x + box.w + _BESIDE // 2) + GAP
        for source in links.sources[at]:
            if source >= 0:
                box.y = max(box.y, boxes[source].y + boxes[source].h + GAP)
        skyline.lift(box.x, box.x + box.w, box.y + box.h)
        bottom = max(bottom, box.y + box.h)
    return bottom


class _Skyline:
    """How far down each stretch of the width is taken."""

    def __init__(self, ground: int) -> None:
        self._starts: list[float] = [float("-inf")]
        self._heights = [ground]

    def height(self, left: int, right: int) -> int:
        ends = [*self._starts[1:], float("inf")]
        stretches = zip(self._starts, ends, self._heights, strict=True)
        return max(height for start, end, height in stretches if start < right and end > left)

    def lift(self, left: int, right: int, height: int) -> None:
        self._cut(left)
        self._cut(right)
        start, end = self._starts.index(left), self._starts.index(right)
        self._starts[start:end] = [left]
        self._heights[start:end] = [height]

    def _cut(self, at: int) -> None:
        row = next((number for number, start in enumerate(self._starts) if start >= at), len(self._starts))
        if row < len(self._starts) and self._starts[row] == at:
            return
        self._starts.insert(row, at)
        self._heights.insert(row, self._heights[row - 1])


def _finish(
    identity: str, level: Level, titles: tuple[Title, ...], boxes: list[Box], links: _Links, height: int
) -> Inside:
    """Route the edges, and move everything so that the frame begins at 0."""
    leaves = any(link.reader == len(boxes) for link in links.all)
    h = height + (GAP if titles and leaves else _PADDING)
    edges = [_edge_of(link, boxes, h) for link in links.all]
    lanes = Lanes(Obstacles(boxes), [edge.line for edge in edges])
    lanes.route()
    left = min([lanes.left, *(box.x for box in boxes)]) - _PADDING
    right = max([lanes.right, *(box.x + box.w for box in boxes)]) + _PADDING
    width = max(right - left, title_width(titles) if titles else 0)
    left -= (width - (right - left)) // 2  # what is narrower than the title above it stands in the middle below it
    for box in boxes:
        box.x -= left
    for edge in edges:
        edge.line.x1 -= left
        edge.line.x2 -= left
        edge.line.lane -= left
    return Inside(identity, level, titles, boxes, edges, width + width % 2, h, -left)


def _edge_of(link: _Link, boxes: Sequence[Box], height: int) -> Edge:
    source = boxes[link.source] if link.source >= 0 else None
    reader = boxes[link.reader] if 0 <= link.reader < len(boxes) else None
    line = Line(
        origin=source,
        target=reader,
        back=link.source >= link.reader,
        x1=source.x + source.port if source else 0,
        y1=source.y + source.h if source else HEAD,
        x2=reader.x + reader.port if reader else 0,
        y2=reader.y if reader else height,
    )
    return Edge(source, reader, link.mark, line)
