"""``fxlens check PATH…``: the editor's diagnostics on the command line, for people and for CI."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from fxlens.cli.analysing import Analysed, Analyses, analyse, extra_path_option, paths_argument, python_option
from fxlens.cli.counting import count
from fxlens.cli.formats import FORMATS, render
from fxlens.cli.outcome import end, say
from fxlens.cli.report import FAILING, Finding, Report
from fxlens.cli.rule_options import RuleChoice, ignore_option, select_option, severity_option
from fxlens.cli.settings import in_options, limit_option
from fxlens.worker.messages import Limits

_SEVERITIES = ("error", "warning", "information", "hint")


@click.command(name="check")
@paths_argument
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to print problems."
)
@python_option
@extra_path_option
@limit_option
@select_option
@ignore_option
@severity_option
@click.option("--strict", is_flag=True, help="Exit with 1 also if a call or a file could not be checked.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found; with 2 still if it could not run.")
@click.option("--quiet", "-q", is_flag=True, help="Print problems and errors only.")
@click.option("--statistics", is_flag=True, help="Count the problems by rule, on standard error.")
def command(
    paths: tuple[Path, ...],
    form: str,
    python: str | None,
    extra_paths: tuple[Path, ...],
    limits: Limits,
    select: frozenset[str],
    ignore: frozenset[str],
    severities: tuple[tuple[str, str], ...],
    strict: bool,
    exit_zero: bool,
    quiet: bool,
    statistics: bool,
) -> None:
    """Check the node names in extraction calls.

    Folders are walked, respecting .gitignore; files that cannot be read are skipped and named. Exit code 0: nothing
    of severity error or warning; 1: something, or with --strict something that could not be checked; 2: wrong usage,
    or it could not run, as without torch; 130: interrupted. NO_COLOR and FORCE_COLOR are respected.
    """
    analyses = analyse(paths, python, extra_paths, limits, quiet)
    report = _report(analyses, RuleChoice(select, ignore, severities))
    text = render(report, form)
    if text:
        click.echo(text, color=_colour(os.environ.get("NO_COLOR"), os.environ.get("FORCE_COLOR")))
    if statistics:
        for code, number in Counter(finding.rule for finding in report.findings).most_common():
            say(f"{number:5}  {code}")
    if not quiet:
        if form == "text":
            say(_summary(report))
        say(report.counts.sentence())
    findings = any(finding.severity in FAILING for finding in report.findings)
    end(findings=(findings or (strict and not report.counts.complete)) and not exit_zero, failures=report.failures)


def _report(analyses: Analyses, choice: RuleChoice) -> Report:
    findings: list[Finding] = []
    failures = list(analyses.failures)
    for analysed in analyses.files:
        try:
            findings += _findings(analysed, choice)
        except Exception as error:
            # A defect of ours in one file must not hide what is wrong in the others.
            failures.append(f"{analysed.path} could not be checked: {type(error).__name__}: {error}")
    counts = count((call for analysed in analyses.files for call in analysed.file.calls), analyses.unread)
    return Report(tuple(findings), counts, tuple(dict.fromkeys(failures)))


def _findings(analysed: Analysed, choice: RuleChoice) -> Iterator[Finding]:
    from fxlens.checks import check_file

    for problem in check_file(analysed.file, analysed.notebooks):
        severity = choice.severity_of(problem.rule)
        if severity is None:
            continue
        start, stop = analysed.place(problem.span.start), analysed.place(problem.span.end)
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


def _summary(report: Report) -> str:
    numbers: Counter[str] = Counter(finding.severity for finding in report.findings)
    counts = [
        f"{numbers[severity]} {severity}{'s' if numbers[severity] > 1 and severity != 'information' else ''}"
        for severity in _SEVERITIES
        if numbers[severity]
    ]
    return ", ".join(counts) if counts else "No problems."


def _colour(no_colour: str | None, force_colour: str | None) -> bool | None:
    """Whether to print colours, as no-color.org and force-color.org say; ``None`` leaves it to the terminal."""
    return False if no_colour else True if force_colour else None
