"""``# fxlens: ignore[rule]``: the user's word that a finding on this line is wanted.

``# fxlens: ignore`` silences every rule of its line,
``# fxlens: ignore[unknown-node, misleading-node]`` the named ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from fxlens.checks.problem import Problem

_COMMENT = re.compile(r"#\s*fxlens:\s*ignore\b(?:\[([^\]]*)\])?")


def not_ignored(problems: Iterable[Problem], lines: Sequence[str]) -> list[Problem]:
    """The problems that no comment on their first line silences."""
    return [problem for problem in problems if not _ignored(problem, lines)]


def _ignored(problem: Problem, lines: Sequence[str]) -> bool:
    at = problem.span.start.line
    comment = _COMMENT.search(lines[at]) if at < len(lines) else None
    if comment is None:
        return False
    rules = comment[1]
    return rules is None or problem.rule in {rule.strip() for rule in rules.split(",")}
