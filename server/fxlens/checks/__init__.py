"""Pure functions from an analysed call to its problems; one module per family of rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fxlens.checks.ignores import not_ignored
from fxlens.checks.models import FAILED_MODEL, NAMING_FAILURE, UNRESOLVED_MODEL, UNTRACEABLE_MODEL
from fxlens.checks.outputs import DUPLICATE_OUTPUT, REPEATED_MODULE
from fxlens.checks.problem import Fix, Problem, Rule, Severity
from fxlens.checks.queries import MODE_SPECIFIC_NODE, UNKNOWN_NODE
from fxlens.checks.selection import MISLEADING_NODE, PATTERN_QUERY, SHADOWED_QUERY
from fxlens.engine.analysis import CallAnalysis, FileAnalysis
from fxlens.source.document import split_lines

__all__ = ["RULES", "Fix", "Problem", "Rule", "Severity", "check_call", "check_file", "severity_of"]

RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in (
        UNKNOWN_NODE,
        MODE_SPECIFIC_NODE,
        MISLEADING_NODE,
        SHADOWED_QUERY,
        PATTERN_QUERY,
        REPEATED_MODULE,
        DUPLICATE_OUTPUT,
        NAMING_FAILURE,
        UNTRACEABLE_MODEL,
        FAILED_MODEL,
        UNRESOLVED_MODEL,
    )
}


def check_call(analysis: CallAnalysis) -> Iterator[Problem]:
    """All problems of one call, by rule, in the order of :data:`RULES`."""
    for rule in RULES.values():
        yield from rule.check(analysis)


def check_file(analysis: FileAnalysis) -> list[Problem]:
    """The problems of all calls of a file that no comment silences, each once although calls may share a string."""
    found: dict[tuple[object, ...], Problem] = {}
    for call in analysis.calls:
        for problem in check_call(call):
            found.setdefault((problem.rule, problem.span, problem.message), problem)
    return not_ignored(found.values(), split_lines(analysis.text))


def severity_of(code: str, overrides: Mapping[str, str]) -> Severity | None:
    """The severity of a rule after the user's settings; ``None`` when it is off."""
    chosen = overrides.get(code, RULES[code].severity)
    if chosen == "off":
        return None
    if chosen in ("error", "warning", "information", "hint"):
        return chosen  # type: ignore[return-value]  # narrowed by the test above, which mypy does not follow
    return RULES[code].severity
