"""Pure functions from an analysed call to its problems; one module for each rule, in :mod:`fxlens.checks.rules`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from fxlens.checks.ignores import is_ignored
from fxlens.checks.problem import Edit, Fix, Problem, Rule, Severity
from fxlens.checks.rules import RULES
from fxlens.checks.text import SourceText
from fxlens.checks.wording import did_you_mean, sentences
from fxlens.engine.analysis import CallAnalysis, FileAnalysis
from fxlens.source.model import Query, Span
from fxlens.source.text.notebooks import Program
from fxlens.suggestions import nearest

__all__ = [
    "LEVELS",
    "RULES",
    "Edit",
    "Fix",
    "Problem",
    "Rule",
    "Severity",
    "check_call",
    "check_file",
    "severity_of",
    "wrong_severities",
]


_RAISES = frozenset({"unknown-node", "mode-specific-node", "naming-failure", "untraceable-model", "invalid-arguments"})
"""The rules whose problems raise where the call is made: silent where the program catches the exception."""

_OF_CHILDREN = frozenset(
    {"unknown-node", "changed-behaviour", "duplicate-output", "unknown-output-key", "invalid-arguments"}
    | {"failed-model", "unresolved-model", "unresolved-names"}
)
"""The rules that hold for the names of direct children, which no trace selects."""

_MOST_AT_ONE_PLACE = 3
"""How many problems of one rule are each told at one string."""


def check_call(analysis: CallAnalysis, text: SourceText) -> Iterator[Problem]:
    """All problems of one call, by rule, in the order of :data:`RULES`; none of a call that no run comes to."""
    if not analysis.call.reached:
        return
    for rule in RULES.values():
        if analysis.call.dialect == "children" and rule.code not in _OF_CHILDREN:
            continue
        if not (analysis.call.caught and rule.code in _RAISES):
            # What is wrong with a call of another file, and not with a name that stands here, is told there.
            yield from (
                problem
                for problem in rule.check(analysis, text)
                if not analysis.call.elsewhere or any(_is_at(problem, query) for query in analysis.call.queries)
            )


def _is_at(problem: Problem, query: Query) -> bool:
    return query.literal.start <= problem.span.start and problem.span.end <= query.literal.end


def check_file(analysis: FileAnalysis, notebooks: Mapping[str, Program] | None = None) -> list[Problem]:
    """The problems of all calls of a file that no comment silences, each once although calls may share a string.

    ``notebooks`` are the programs of open notebooks by their paths, for lines that the messages speak of.
    """
    problems: dict[tuple[object, ...], Problem] = {}
    text = SourceText(analysis.text, notebooks, analysis.path)
    for call in analysis.calls:
        for problem in check_call(call, text):
            if not is_ignored(problem, call.call.span, text):
                problems.setdefault((problem.rule, problem.span, problem.message), problem)
    return list(_folded(problems.values()))


def _folded(problems: Iterable[Problem]) -> Iterator[Problem]:
    """The problems, with one for many of a kind at one place, as an f-string in a loop may have dozens."""
    by_place: dict[tuple[str, Span], list[Problem]] = {}
    for problem in problems:
        by_place.setdefault((problem.rule, problem.span), []).append(problem)
    for first, *others in by_place.values():
        if len(others) < _MOST_AT_ONE_PLACE:
            yield from (first, *others)
        else:
            more = f"{first.message} (and {len(others)} more like this in the same string)"
            yield replace(first, message=more)


LEVELS = ("error", "warning", "information", "hint", "off")


def wrong_severities(overrides: Mapping[str, str]) -> list[str]:
    """Problems of settings that name an unknown rule or severity; such settings change nothing."""
    return [
        sentences(f"`severity`: there is no rule `{code}`.", did_you_mean(tuple(nearest(code, RULES))))
        if code not in RULES
        else sentences(
            f"`severity`: {code} must be one of {', '.join(LEVELS)}, not {chosen!r}; {RULES[code].severity} is used.",
            did_you_mean(tuple(nearest(chosen, LEVELS, 1))),
        )
        for code, chosen in overrides.items()
        if code not in RULES or chosen not in LEVELS
    ]


def severity_of(code: str, overrides: Mapping[str, str]) -> Severity | None:
    """The severity of a rule after the user's settings; ``None`` when it is off."""
    chosen = overrides.get(code, RULES[code].severity)
    if chosen == "off":
        return None
    if chosen in LEVELS:
        return chosen  # type: ignore[return-value]  # narrowed by the test above, which mypy does not follow
    return RULES[code].severity
