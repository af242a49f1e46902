"""What a level says of its children, and how wide that is: the same as ``client/webview/level.ts``.

Widths are counted, not measured, so that the layout is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fxlens.levels import Level

NAME, SMALL = 72, 66
"""The advance of a letter of a name, and of the smaller ones below it, in tenths of a pixel."""
TITLE_GAP = 22
"""Between the groups that one frame stands for."""
_LONGEST_NAME, _LONGEST_WHAT, _NARROWEST = 56, 34, 132


class Title(NamedTuple):
    """A group in the title of a frame."""

    id: str
    name: str
    what: str


def letter(column: str, number: int) -> str:
    """An entry of a column of letters; ``""`` where the column is empty, which stands for the usual letter."""
    return column[number] if number < len(column) else ""


def name_width(text: str) -> int:
    return (len(text) * NAME + 9) // 10


def small_width(text: str) -> int:
    return (len(text) * SMALL + 9) // 10


def name_text(name: str) -> str:
    """The middle of a name that is too long to be drawn is left out: its ends tell it from others."""
    half = _LONGEST_NAME // 2 - 1
    return name if len(name) <= _LONGEST_NAME else f"{name[:half]}…{name[-half:]}"


def what_text(level: Level, number: int) -> str:
    what = level["whats"][number]
    text = what if len(what) <= _LONGEST_WHAT else f"{what[: _LONGEST_WHAT - 1]}…"
    parameters = level["parameters"].get(str(number))
    return f"{text} +{parameters} par." if parameters else text


def note_text(level: Level, number: int) -> str:
    """That it is of one mode, which of several runs it is, or whose it is."""
    only = {"e": "eval only", "t": "train only"}.get(letter(level["modes"], number), "")
    return ", ".join(filter(None, (only, level["notes"].get(str(number), ""))))


def badge_text(level: Level, number: int) -> str:
    """The text of the badge of a folded run."""
    run = level["runs"].get(str(number))
    return f"×{run}" if run else ""


def card_width(level: Level, number: int) -> int:
    """Even, so that its middle is a whole number."""
    note, badge, shape = note_text(level, number), badge_text(level, number), level["shapes"][number]
    first = (
        (28 if letter(level["kinds"], number) == "g" else 14)
        + name_width(name_text(level["names"][number]))
        + (12 + small_width(note) if note else 0)
        + (small_width(badge) + 24 if badge else 30)
    )
    second = 14 + small_width(what_text(level, number)) + (18 + small_width(shape) if shape else 0) + 12
    width = max(_NARROWEST, first, second)
    return width + width % 2


def title_width(titles: Sequence[Title]) -> int:
    names = sum(name_width(name_text(title.name)) for title in titles) + TITLE_GAP * (len(titles) - 1)
    what = titles[-1].what
    return 44 + names + (12 + small_width(what) if what else 0) + 30
