"""What a check finds, and what a rule is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fxlens.engine.analysis import CallAnalysis
from fxlens.graph import SourceLine
from fxlens.source.model import Span

Severity: TypeAlias = Literal["error", "warning", "information", "hint"]


@dataclass(frozen=True)
class Fix:
    """A replacement the user may accept: ``text`` for what stands at ``span``, offered under ``title``."""

    title: str
    span: Span
    text: str


@dataclass(frozen=True)
class Problem:
    """One finding: ``span`` is where, ``message`` what is wrong and what to do, ``fixes`` are best first.

    ``related`` is a line elsewhere that the message speaks of.
    """

    rule: str
    span: Span
    message: str
    fixes: tuple[Fix, ...] = ()
    related: SourceLine | None = None


@dataclass(frozen=True)
class Rule:
    """One rule: its stable code, default severity, one line on what it finds, and the function that finds it."""

    code: str
    severity: Severity
    summary: str
    check: Callable[[CallAnalysis], Iterable[Problem]]
