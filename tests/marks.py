"""Comments of carets that mark what a sample's line above them is expected to be called, and how."""

from __future__ import annotations

import re
from typing import NamedTuple

_MARK = re.compile(r"^\s*#\s*(\^+)\s+([\w-]+)(?::\s*(.*))?$")


class Mark(NamedTuple):
    """What stands at ``line`` (from 0), from ``start`` to ``end``, a ``rule`` finds, in a message with ``part``."""

    line: int
    start: int
    end: int
    rule: str
    part: str


def marks(text: str) -> list[Mark]:
    """The marks of a text, each of which speaks of the last line above it that is not a mark."""
    found = []
    spoken_of = 0
    for number, line in enumerate(text.splitlines()):
        mark = _MARK.match(line)
        if mark:
            found.append(Mark(spoken_of, mark.start(1), mark.end(1), mark[2], mark[3] or ""))
        else:
            spoken_of = number
    return found
