"""What a check finds, and what a rule is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fxlens.checks.text import SourceText
from fxlens.engine.analysis import CallAnalysis
from fxlens.graph import SourceLine
from fxlens.source.model import Span

Severity: TypeAlias = Literal["error", "warning", "information", "hint"]


@dataclass(frozen=True)
class Edit:
    """``text`` instead of what stands at ``span``; an empty span inserts."""

    span: Span
    text: str


@dataclass(frozen=True)
class Fix:
    """Edits that the user may accept together, offered under ``title``.

    ``sure`` is true only where the fix is not a guess: editors prefer it, and "fix all" applies it unseen.
    """

    title: str
    edits: tuple[Edit, ...]
    sure: bool = False


@dataclass(frozen=True)
class Problem:
    """One finding: ``span`` is where, ``message`` what is wrong and what to do, ``fixes`` are best first.

    ``related`` is a line elsewhere that the message speaks of, and ``related_as`` what happens there.
    """

    rule: str
    span: Span
    message: str
    fixes: tuple[Fix, ...] = ()
    related: SourceLine | None = None
    related_as: str = "raised here"

    @property
    def suggestions(self) -> tuple[str, ...]:
        """What the fixes put in the place of the problem's own text."""
        alone = [fix.edits[0] for fix in self.fixes if len(fix.edits) == 1]
        return tuple(edit.text for edit in alone if edit.span == self.span)


Check: TypeAlias = Callable[[CallAnalysis, SourceText], Iterable[Problem]]


@dataclass(frozen=True)
class Rule:
    """One rule: what it is called, what it finds, and its documentation, from which its page is made.

    ``summary`` is one line on what it finds, ``why`` what happens at run time, ``wrong`` an example that the rule
    marks, ``remedy`` how to fix it and ``right`` the example fixed (empty where the remedy is not other code).
    """

    code: str
    severity: Severity
    summary: str
    why: str
    wrong: str
    remedy: str
    right: str
    check: Check
