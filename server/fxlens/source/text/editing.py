"""Parsing a text, all of it or what an edit has changed.

An edit inside of lines (every typed character is one) parses the top-level statements in whose lines it is. That gives
what parsing all of the text does if the parser is between two statements at both ends of them. It is at the first end
if the statement there begins as before; it is at the other end if a plain name put there is a separate statement.
Where that does not hold, or where lines come or go, parso's diff parser takes all of the text.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

from fxlens.source.text import recovery, tree
from fxlens.source.text.lines import split_lines
from fxlens.source.text.parsed import Edit, Parsed
from fxlens.source.text.recovery import Repairs, is_error, rewrite_unknown_statements
from fxlens.source.text.retyping import retyped_string
from fxlens.source.text.tree import Node

_PROBE = "_\n"
"""A statement whose token may go on with another one as well: it is read as one only between statements."""


def parse_whole(given_lines: list[str], path: str) -> Parsed:
    """The text of the lines ``given_lines``, parsed; repaired first where it does not parse."""
    lines, repairs = given_lines, Repairs()
    text = "".join(lines)
    parts = tree.parse(text, path).children
    for attempt in range(2):
        errors = recovery.error_lines(parts)
        if not errors:
            break
        before = text
        text, repairs = recovery.repair(text, lines, errors, repairs)
        if attempt and text == before:
            break
        lines = split_lines(text)
        parts = tree.parse(rewrite_unknown_statements(text), f"{path}#{attempt}").children
    parts = list(parts)  # The parser changes its own list at the next edit.
    return Parsed(given_lines, lines, repairs, parts, [part.start_pos[0] for part in parts])


def parse_edited(earlier: Parsed, given_lines: list[str]) -> Parsed | None:
    """The same by parsing few parts of the text, if the edit since ``earlier`` is of that kind."""
    changed = _changed(earlier.given_lines, given_lines)
    if changed is None:
        return None
    retyped = retyped_string(earlier, given_lines, changed[0]) if changed[1] == changed[0] + 1 else None
    if retyped is not None:
        return retyped
    first, end = _parts_in(earlier, *changed)
    first_line = earlier.part_lines[first] - 1 if first else 0
    end_line = earlier.part_lines[end] - 1 if end < len(earlier.parts) else len(given_lines)
    if end_line - first_line > _worth_parsing(len(given_lines)) or not _between_statements(earlier, first, end):
        return None
    lines = [*earlier.lines[:first_line], *given_lines[first_line:end_line], *earlier.lines[end_line:]]
    outside = earlier.repairs.outside(first_line, end_line)
    parsed = _parse_lines(lines, outside, first_line, end_line)
    if parsed is None:
        return None
    lines, repairs, new = parsed
    parts = [*earlier.parts[:first], *new, *earlier.parts[end:]]
    part_lines = [*earlier.part_lines[:first], *(part.start_pos[0] for part in new), *earlier.part_lines[end:]]
    own = (*(part for part in earlier.own if part not in earlier.parts[first:end]), *filter(_is_clean, new))
    return Parsed(given_lines, lines, repairs, parts, part_lines, Edit(earlier.parts, first, end, new), own)


def _is_clean(part: Node) -> bool:
    return not recovery.error_lines([part])


def _worth_parsing(lines: int) -> int:
    """How many of so many lines are parsed sooner by themselves than by comparing all lines."""
    return 20 + lines // 20


def _changed(before: list[str], after: list[str]) -> tuple[int, int] | None:
    """The first line that differs, and the one behind the last; nothing if lines came or went, or none differs."""
    if len(before) != len(after) or before == after:
        return None
    first = next(at for at, (old, new) in enumerate(zip(before, after, strict=True)) if old != new)
    end = len(after)
    while before[end - 1] == after[end - 1]:
        end -= 1
    return first, end


def _parts_in(earlier: Parsed, first_line: int, end_line: int) -> tuple[int, int]:
    """The parts that lines stand in, and the one before if the lines may go on with it."""
    starts = earlier.part_lines
    first = bisect_right(starts, first_line + 1) - 1
    if first >= 0 and starts[first] == first_line + 1:
        first -= 1
    return max(first, 0), bisect_right(starts, end_line)


def _between_statements(earlier: Parsed, first: int, end: int) -> bool:
    """Whether a statement ends before the part ``first``, and one begins with the part ``end``."""
    beginning = [earlier.parts[at] for at in (first, end) if 0 < at < len(earlier.parts)]
    ending = earlier.parts[first - 1 : first] if first else []
    return not any(is_error(part) for part in (*beginning, *ending)) and all(
        part.start_pos[1] == 0 for part in beginning
    )


def _parse_lines(
    lines: list[str], repairs: Repairs, first: int, end: int
) -> tuple[list[str], Repairs, list[Node]] | None:
    """The parts in some lines of a text, repaired as all of it would be; nothing if others have to do with it."""
    parts = _parts_of(lines, first, end)
    for attempt in range(2):
        errors = recovery.error_lines(parts) if parts is not None else []
        if not errors:
            break
        before = "".join(lines)
        text, repairs = recovery.repair(before, lines, errors, repairs)
        if attempt and text == before:
            break
        repaired = split_lines(text)
        if len(repaired) != len(lines) or repaired[:first] != lines[:first] or repaired[end:] != lines[end:]:
            return None
        lines = repaired
        parts = _parts_of(lines, first, end, rewrite_unknown_statements)
    return (lines, repairs, parts) if parts is not None else None


def _parts_of(
    lines: list[str], first: int, end: int, rewrite: Callable[[str], str] = lambda text: text
) -> list[Node] | None:
    """The parts in the lines from ``first`` to before ``end``; nothing if these do not end between statements."""
    text = rewrite("".join(lines[first:end]))
    if end == len(lines):
        return tree.parse_part(text, first + 1)
    parts = tree.parse_part(text + _PROBE, first + 1)
    at = next((at for at, part in enumerate(parts) if part.start_pos == (end + 1, 0)), 0)
    if parts[at].type != "simple_stmt" or parts[at].start_pos != (end + 1, 0) or (at and is_error(parts[at - 1])):
        return None
    return parts[:at]
