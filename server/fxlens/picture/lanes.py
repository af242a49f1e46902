"""How the lines of a level run: straight where nothing is in the way, else in lanes beside the boxes.

The same as ``client/webview/lanes.ts``, where the reasons are; the tests compare the two number by number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

GAP = 24
_CLEAR, _LANE, _NARROW = 6, 10, 3
_TURNS = (12, 8, 16)
_PREFERRED = 240
"""How much further away the right side may be: lanes at one side are easier to follow."""


class Obstacle(Protocol):
    """A rectangle that lines go around."""

    x: int
    y: int
    w: int
    h: int


@dataclass(slots=True, eq=False)
class Line:
    """A line from ``(x1, y1)`` down to ``(x2, y2)``, and how it runs."""

    origin: object
    """What it comes from; lines of one origin share a lane."""
    target: object
    back: bool
    """Whether it runs upwards, against the order of execution."""
    x1: int
    y1: int
    x2: int
    y2: int
    route: Literal["late", "early", "lane"] = "late"
    """``late``: straight down, then across; ``early``: across, then straight down; ``lane``: across and back."""
    lane: int = 0
    turn: int = 0
    """How far below its start, and above its end, a lane's line turns; how far below its start any other one does."""


class Obstacles:
    """Boxes from top to bottom, to find those in a range."""

    def __init__(self, boxes: Sequence[Obstacle]) -> None:
        self._sorted = sorted(boxes, key=lambda box: box.y)
        self._lowest: list[int] = []
        for box in self._sorted:
            self._lowest.append(max(self._lowest[-1] if self._lowest else box.y, box.y + box.h))

    def between(self, top: float, bottom: float) -> Iterator[Obstacle]:
        """The boxes that reach into the rows from ``top`` to ``bottom``, the lowest first."""
        low, high = 0, len(self._sorted)
        while low < high:
            middle = (low + high) // 2
            if self._sorted[middle].y < bottom:
                low = middle + 1
            else:
                high = middle
        for at in range(low - 1, -1, -1):
            if self._lowest[at] <= top:
                return
            if self._sorted[at].y + self._sorted[at].h > top:
                yield self._sorted[at]

    def free(self, left: int, right: int, top: int, bottom: int) -> bool:
        """Whether no box reaches into a rectangle."""
        return not any(box.x < right and box.x + box.w > left for box in self.between(top, bottom))


@dataclass(slots=True, eq=False)
class _Lane:
    """One lane for each source whose value skips over boxes: all its readers are fed from it."""

    back: bool
    top: int
    bottom: int
    x: int = 0
    lines: list[Line] = field(default_factory=list)


class Lanes:
    """The routes of the lines of a level; ``left`` and ``right`` are how far they reach."""

    def __init__(self, obstacles: Obstacles, lines: Sequence[Line]) -> None:
        self.left = self.right = 0
        self._obstacles, self._lines = obstacles, lines
        self._placed: list[_Lane] = []
        self._spacing = _LANE
        self._across: list[Line] = []

    def route(self) -> None:
        needed = self._needed()
        self._turn()
        ordered = sorted(needed, key=lambda lane: (lane.bottom - lane.top, lane.top))
        if len(ordered) > _LANE:
            self._spacing = max(_NARROW, _LANE * _LANE // len(ordered))
        for number, lane in enumerate(ordered):
            lane.x = self._way_down(lane)
            self._placed.append(lane)
            self.left, self.right = min(self.left, lane.x), max(self.right, lane.x)
            for line in lane.lines:
                line.route, line.lane, line.turn = "lane", lane.x, 8 + 2 * (number % 3)

    def _needed(self) -> list[_Lane]:
        """Straight lines are settled here; what is left needs lanes."""
        lanes: dict[int, _Lane] = {}
        for line in self._lines:
            if not line.back and self._is_straight(line):
                if line.x1 != line.x2:
                    self._across.append(line)
                continue
            top, bottom = min(line.y1, line.y2), max(line.y1, line.y2)
            lane = lanes.setdefault(id(line if line.back else line.origin), _Lane(line.back, top, bottom))
            lane.lines.append(line)
            lane.top, lane.bottom = min(lane.top, top), max(lane.bottom, bottom)
            self.left = min(self.left, line.x1, line.x2)
        return list(lanes.values())

    def _turn(self) -> None:
        """What one reader gathers, or else one source spreads, goes across at one height of its own.

        Where a line starts above the end of another, it turns before the other comes in: else they look like one.
        """
        gathered = Counter(id(line.target) for line in self._across)
        groups: dict[tuple[bool, int], list[Line]] = {}
        ending: dict[tuple[int, int], tuple[bool, int]] = {}
        for line in self._across:
            by_reader = gathered[id(line.target)] > 1
            key = (by_reader, id(line.target if by_reader else line.origin))
            groups.setdefault(key, []).append(line)
            ending[line.x2, line.y2] = key
        early, late = set(), set()
        for key, lines in groups.items():
            for line in lines:
                below = ending.get((line.x1, line.y1 + GAP)) or ending.get((line.x1, line.y2))
                if below is not None:
                    early.add(key)
                    late.add(below)
        number = 0
        for key, lines in groups.items():
            if (key in early) == (key in late):
                turn = _TURNS[number % len(_TURNS)]
                number += 1
            else:
                turn = _TURNS[1 if key in early else 2]
            for line in lines:
                line.turn = turn

    def _is_straight(self, line: Line) -> bool:
        x1, y1, x2, y2 = line.x1, line.y1, line.x2, line.y2
        if y2 - y1 <= GAP:
            return True
        left, right, free = min(x1, x2), max(x1, x2), self._obstacles.free
        if free(x1 - _CLEAR, x1 + _CLEAR, y1, y2 - GAP) and (
            free(x1 - _CLEAR, x1 + _CLEAR, y1, y2) if x1 == x2 else free(left, right, y2 - GAP + 2, y2)
        ):
            return True
        if free(x2 - _CLEAR, x2 + _CLEAR, y1 + GAP, y2) and free(left, right, y1, y1 + GAP - 2):
            line.route = "early"
            return True
        return False

    def _way_down(self, lane: _Lane) -> int:
        """The nearest free way down, at the side whose turns cross nothing; at the right one if both do."""
        start = (lane.lines[0].x1 + lane.lines[0].x2) // 2
        if lane.back:
            return self._search(lane, start, -1)
        right, left = self._search(lane, start, 1), self._search(lane, start, -1)

        def price(x: int) -> int:
            return self._crossed(lane, x) * 10_000 + abs(x - start)

        return left if price(left) + _PREFERRED < price(right) else right

    def _search(self, lane: _Lane, start: int, side: Literal[1, -1]) -> int:
        x, moved = start, True
        while moved:
            moved = False
            for box in self._obstacles.between(lane.top, lane.bottom):
                if box.x < x + _CLEAR and box.x + box.w > x - _CLEAR:
                    x = box.x + box.w + _LANE + 2 if side > 0 else box.x - _LANE - 2
                    moved = True
            for other in self._placed:
                if other.top < lane.bottom and other.bottom > lane.top and abs(other.x - x) < self._spacing:
                    x = other.x + side * self._spacing
                    moved = True
        return x

    def _crossed(self, lane: _Lane, x: int) -> int:
        """How many of its turns run through a box."""
        free = self._obstacles.free
        return sum(
            (not free(min(line.x1, x), max(line.x1, x), line.y1 + 2, line.y1 + GAP // 2))
            + (not free(min(line.x2, x), max(line.x2, x), line.y2 - GAP // 2, line.y2 - 2))
            for line in lane.lines
        )
