"""The lines and the words of a text."""

from __future__ import annotations

import re
from collections.abc import Iterator

_OTHER_BREAKS = "\v\f\x1c\x1d\x1e\x85\u2028\u2029"
"""Where ``str.splitlines`` ends lines and Python does not."""

_LINE_END = re.compile(r"\r\n|\n|\r")


def split_lines(text: str) -> list[str]:
    """The lines of ``text`` with their ends; a line ends at ``\\n``, ``\\r\\n`` or ``\\r`` only."""
    if not any(character in text for character in _OTHER_BREAKS):
        quick = text.splitlines(keepends=True)
        return [*quick, ""] if not text or text.endswith(("\n", "\r")) else quick
    lines: list[str] = []
    start = 0
    for match in _LINE_END.finditer(text):
        lines.append(text[start : match.end()])
        start = match.end()
    lines.append(text[start:])
    return lines


def words(text: str, word: str) -> Iterator[int]:
    """The offsets of ``word`` in ``text`` where it is not part of a longer one, last first."""
    at = text.rfind(word) if word else -1  # Nothing is everywhere, and the search would not end.
    while at != -1:
        end = at + len(word)
        if not (at and _in_word(text[at - 1])) and not (end < len(text) and _in_word(text[end])):
            yield at
        at = text.rfind(word, 0, end - 1)


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"
