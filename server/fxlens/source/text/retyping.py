"""An edit between the quotes of a string: the tree stays as it is but for one leaf, and nothing is parsed.

Most keystrokes in names of nodes are of this kind.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import replace

from parso.tree import Leaf

from fxlens.source.text import tree
from fxlens.source.text.parsed import Edit, Parsed
from fxlens.source.text.tree import Node

_OPENING = re.compile(r"[A-Za-z]*(\"\"\"|'''|\"|')")
_ENDS_A_STRING = re.compile(r"[\\\\'\"\r\n]")
_NAME = re.compile(r"[\w.\-]*\Z")
"""What a repair takes for the rest of a string that is not closed, however much of it there is."""


def retyped_string(earlier: Parsed, given_lines: list[str], line: int) -> Parsed | None:
    """The text with other characters between the quotes of one string in ``line`` (from 0), if that is all.

    Nothing for any other edit, and in a part that the parser keeps: it takes that for what it has read.
    """
    before, after = earlier.given_lines[line], given_lines[line]
    start = _alike(before, after)
    behind = _alike(before[start:][::-1], after[start:][::-1])
    removed, added = before[start : len(before) - behind], after[start : len(after) - behind]
    at = bisect_right(earlier.part_lines, line + 1) - 1
    part = earlier.parts[at] if at >= 0 else None
    if before[start - 1 : start] == "\\":  # What stands behind it is escaped, and may have been a quote.
        return None
    if part is None or not any(each is part for each in earlier.own) or not _is_plain(earlier, part, removed + added):
        return None
    column = _repaired_column(earlier, line, start - 1) + 1
    leaf = tree.leaf_at([part], (line + 1, column - 1))
    if leaf is None or not _is_between_quotes(leaf, column, column + len(removed)):
        return None
    old = earlier.lines[line]
    if old[column : column + len(removed)] != removed:
        return None
    lines = list(earlier.lines)
    lines[line] = old[:column] + added + old[column + len(removed) :]
    shift = len(added) - len(removed)
    _retype(leaf, lines[line][leaf.column : leaf.end_pos[1] + shift], shift)
    parts = list(earlier.parts)
    repairs = earlier.repairs.shifted(line, column, shift)
    return replace(
        earlier,
        given_lines=given_lines,
        lines=lines,
        repairs=repairs,
        parts=parts,
        edit=Edit(earlier.parts, at, at + 1, [part], line + 1),
    )


def _alike(first: str, second: str) -> int:
    """With how many characters both texts begin."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((at for at, (mine, other) in pairs if mine != other), min(len(first), len(second)))


def _is_plain(earlier: Parsed, part: Node, characters: str) -> bool:
    """Whether characters between quotes end no string; near a repair, whether they change nothing of that."""
    first, end = part.start_pos[0] - 1, part.end_pos[0]
    if any(first <= line < end for line in earlier.repairs.insertions):
        return _NAME.match(characters) is not None
    return _ENDS_A_STRING.search(characters) is None


def _repaired_column(earlier: Parsed, line: int, column: int) -> int:
    """Where the character in that column of the text as it was given stands in the repaired text."""
    for inserted, length in earlier.repairs.insertions.get(line, ()):
        if inserted <= column:
            column += length
    return column


def _is_between_quotes(leaf: Leaf, start: int, end: int) -> bool:
    opening = _OPENING.match(leaf.value) if leaf.type == "string" else None
    if opening is None or leaf.start_pos[0] != leaf.end_pos[0]:
        return False
    return leaf.column + opening.end() <= start and end <= leaf.end_pos[1] - len(opening[1])


def _retype(leaf: Leaf, value: str, shift: int) -> None:
    following = list(_behind_in_line(leaf)) if shift else []
    leaf.value = value
    for each in following:
        each.column += shift


def _behind_in_line(leaf: Leaf) -> Iterator[Leaf]:
    next_leaf: Callable[[Leaf], Leaf | None] = Leaf.get_next_leaf
    following = next_leaf(leaf)
    while following is not None and following.line == leaf.line:
        yield following
        following = next_leaf(following)
