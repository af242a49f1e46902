"""``# fxlens: ignore[rule]``: the user's word that a finding on this line is wanted.

``# fxlens: ignore`` silences every rule of its line,
``# fxlens: ignore[unknown-node, misleading-node]`` the named ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from fxlens.checks.problem import Edit, Fix, Problem
from fxlens.checks.text import SourceText
from fxlens.source.model import Position, Span

_COMMENT = re.compile(r"#\s*fxlens:\s*ignore\b(?:\[([^\]]*)\])?")


def not_ignored(problems: Iterable[Problem], text: SourceText) -> list[Problem]:
    """The problems that no comment on their first line silences."""
    return [problem for problem in problems if not _ignored(problem, text)]


def _ignored(problem: Problem, text: SourceText) -> bool:
    at = problem.span.start.line
    comment = _COMMENT.search(text.lines[at]) if at < len(text.lines) else None
    if comment is None:
        return False
    rules = comment[1]
    return rules is None or problem.rule in {rule.strip() for rule in rules.split(",")}


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
