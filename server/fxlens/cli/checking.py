"""From analyses to the report of ``fxlens check``."""

from __future__ import annotations

from collections.abc import Iterator

from fxlens.checks import Problem, check_file
from fxlens.checks.problem import Severity
from fxlens.cli.analysing import Analysed, Analyses
from fxlens.cli.counting import count
from fxlens.cli.report import Finding, Report
from fxlens.cli.rule_options import RuleChoice
from fxlens.cli.settings import in_options


def make_report(analyses: Analyses, choice: RuleChoice) -> Report:
    """All findings, the counts, and what failed."""
    findings: list[Finding] = []
    failures = list(analyses.failures)
    for analysed in analyses.files:
        try:
            findings += _findings(analysed, choice)
        except Exception as error:
            # A defect of ours in one file must not hide what is wrong in the others.
            failures.append(f"{analysed.path} could not be checked: {type(error).__name__}: {error}")
    calls = (call for analysed in analyses.files for call in analysed.file.calls)
    counts = count(calls, analyses.unread, len(analyses.looked_at), analyses.unlisted, analyses.excluded)
    return Report(tuple(findings), counts, tuple(dict.fromkeys(failures)))


def severity_in(analysed: Analysed, problem: Problem, choice: RuleChoice) -> Severity | None:
    """How severe a problem is by the options and, beneath them, the project's settings."""
    path = analysed.file.path
    return choice.severity_of(problem.rule, analysed.project.severity, analysed.project.ignored_in(path))


def _findings(analysed: Analysed, choice: RuleChoice) -> Iterator[Finding]:
    for problem in check_file(analysed.file, analysed.notebooks):
        severity = severity_in(analysed, problem, choice)
        if severity is None:
            continue
        start, stop = analysed.line_and_column(problem.span.start), analysed.line_and_column(problem.span.end)
        yield Finding(
            path=analysed.path,
            line=start["line"],
            column=start["column"],
            end_line=stop["line"],
            end_column=stop["column"],
            rule=problem.rule,
            severity=severity,
            message=in_options(problem.message),
            suggestions=problem.suggestions,
            cell=start.get("cell"),
        )
