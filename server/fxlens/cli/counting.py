"""How many calls were checked, and how many were not and why: a run that looked at nothing must not look clean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from fxlens.checks.wording import sentences
from fxlens.cli.settings import in_options
from fxlens.engine.analysis import CallAnalysis

CallStatus: TypeAlias = Literal["resolved", "unresolved", "untraceable", "failed"]
_SAID = {"unresolved": "no model", "untraceable": "untraceable", "failed": "failed", "nameless": "with unknown names"}


def status_of(analysis: CallAnalysis) -> tuple[CallStatus, str | None]:
    """``resolved`` when at least one of the call's models is known, else how far it came and why no further."""
    states = analysis.models
    graphs = [state.current_graph for state in states if state.current_graph]
    if any(graph.traced() or analysis.by_hooks(graph) for graph in graphs):
        return "resolved", None
    if not states:
        unresolved = analysis.call.unresolved
        return "unresolved", in_options(sentences(unresolved.reason, unresolved.remedy)) if unresolved else None
    for state in states:
        failures = [state.failure] if state.failure else list(state.graph.failures if state.graph else ())
        if failures:
            kind: CallStatus = "untraceable" if failures[0].phase == "trace" else "failed"
            return kind, in_options(sentences(failures[0].message, failures[0].remedy))
    return "failed", None


@dataclass(frozen=True)
class Counts:
    """Calls by what became of them; ``unread`` are files that could not be looked at, ``files`` those that were.

    ``unlisted`` are folders that could not be looked into, ``excluded`` the files that were left out on purpose.
    """

    checked: int = 0
    unchecked: dict[str, int] = field(default_factory=dict)
    unread: int = 0
    files: int = 0
    unlisted: int = 0
    excluded: int = 0

    @property
    def complete(self) -> bool:
        """Whether everything was checked, and there was something to look at."""
        return not self.unchecked and not self.unread and not self.unlisted and not self.empty

    @property
    def empty(self) -> bool:
        """Whether no file was there at all. A hook may name files that are excluded, and nothing else."""
        return not self.files and not self.unread and not self.excluded

    def sentence(self) -> str:
        """For people.

        Example:
            >>> Counts(12, {"no model": 1, "failed": 1}).sentence()
            '12 calls checked, 2 not: 1 no model, 1 failed.'
            >>> Counts(1).sentence()
            '1 call checked.'
            >>> Counts().sentence(), Counts(files=3).sentence()
            ('No Python files to check.', 'No calls to check.')
        """
        if not self.checked and (self.complete or self.empty) and not self.unlisted:
            return "No calls to check." if self.files else "No Python files to check."
        text = f"{self.checked} call{'' if self.checked == 1 else 's'} checked"
        if self.unchecked:
            kinds = ", ".join(f"{count} {kind}" for kind, count in self.unchecked.items())
            text += f", {sum(self.unchecked.values())} not: {kinds}"
        if self.unread:
            text += f"; {self.unread} file{'' if self.unread == 1 else 's'} not read"
        if self.unlisted:
            text += f"; {self.unlisted} folder{'' if self.unlisted == 1 else 's'} not read"
        return f"{text}."


def count(calls: Iterable[CallAnalysis], unread: int, files: int, unlisted: int, excluded: int) -> Counts:
    """The counts of all calls of a run."""
    statuses: Counter[str] = Counter(map(_kind, calls))
    unchecked = {said: statuses[status] for status, said in _SAID.items() if statuses[status]}
    return Counts(statuses["resolved"], unchecked, unread, files, unlisted, excluded)


def _kind(analysis: CallAnalysis) -> str:
    """The status of a call; ``nameless`` where it has a model, but no name is in the text: nothing was checked."""
    status, _ = status_of(analysis)
    call = analysis.call
    nameless = status == "resolved" and call.names_unresolved is not None and not call.queries
    return "nameless" if nameless else status
