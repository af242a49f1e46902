"""Sure fixes, all at once: the edits that go together, and the text that they make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fxlens.checks.problem import Edit, Fix, Problem
from fxlens.source.model import Position
from fxlens.source.text.lines import split_lines


def sure_fix(problem: Problem) -> Fix | None:
    """The fix of a problem that may be applied unseen."""
    return next((fix for fix in problem.fixes if fix.sure), None)


def sure_edits(problems: Iterable[Problem]) -> Iterator[Edit]:
    """The edits of the sure fixes, without those that would touch an earlier one's place; an import only once."""
    taken: list[Edit] = []
    for problem in problems:
        fix = sure_fix(problem)
        edits = [edit for edit in fix.edits if edit not in taken] if fix else []
        if any(_overlap(edit, other) for edit in edits for other in taken):
            continue
        taken += edits
        yield from edits


def apply(text: str, edits: Iterable[Edit], first_line: int = 0) -> str:
    """``text`` with edits made, none of which overlaps another; its first line is line ``first_line`` of theirs.

    Example:
        >>> from fxlens.source.model import Span
        >>> apply("ab\\nc", [Edit(Span(Position(1, 0), Position(1, 1)), "d")])
        'ab\\nd'
    """
    lines = split_lines(text)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))

    def offset(position: Position) -> int:
        return starts[position.line - first_line] + position.column

    for edit in sorted(edits, key=lambda edit: edit.span.start, reverse=True):
        text = text[: offset(edit.span.start)] + edit.text + text[offset(edit.span.end) :]
    return text


def _overlap(edit: Edit, other: Edit) -> bool:
    return edit.span.start <= other.span.end and other.span.start <= edit.span.end
