"""``# fxlens: ignore[rule]``: the user's word that a finding on this line is wanted.

``# fxlens: ignore`` silences every rule of its line,
``# fxlens: ignore[unknown-node, misleading-node]`` the named ones.
On the first or the last line of a call that has several, it speaks of all of the call: formatters move comments there.
"""

from __future__ import annotations

import re

from fxlens.checks.problem import Edit, Fix, Problem
from fxlens.checks.text import SourceText
from fxlens.source.model import Position, Span

_COMMENT = re.compile(r"#\s*fxlens:\s*ignore\b(?:\[([^\]]*)\])?")


def is_ignored(problem: Problem, call: Span, text: SourceText) -> bool:
    """Whether a comment silences a problem of the call at ``call``: one on its line, or one for all of the call."""
    lines = {problem.span.start.line}
    if call.contains(problem.span.start):
        lines |= {call.start.line, call.end.line}
    return any(_silences(problem.rule, line, text) for line in lines)


def _silences(rule: str, line: int, text: SourceText) -> bool:
    comment = _COMMENT.search(text.lines[line]) if line < len(text.lines) else None
    if comment is None:
        return False
    rules = comment[1]
    return rules is None or rule in {each.strip() for each in rules.split(",")}


def ignore_fix(problem: Problem, text: SourceText) -> Fix | None:
    """The comment that silences ``problem``; nothing where the line cannot end in a comment."""
    line = problem.span.start.line
    if line >= len(text.lines) or line in text.continued_strings:
        return None
    title = f"Ignore {problem.rule} on this line"
    comment = _COMMENT.search(text.lines[line])
    if comment is not None:
        at = Position(line, comment.end(1))
        return Fix(title, (Edit(Span(at, at), f", {problem.rule}"),))
    at = text.end_of(line)
    gap = "" if text.content(line).endswith("  ") else "  "
    return Fix(title, (Edit(Span(at, at), f"{gap}# fxlens: ignore[{problem.rule}]"),))
