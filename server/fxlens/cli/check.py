"""``fxlens check PATH…``: the editor's diagnostics on the command line, for people and for CI."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from fxlens.cli.analysing import (
    Analysed,
    analyse,
    extra_path_option,
    format_option,
    paths_argument,
    python_option,
    said_place,
)
from fxlens.cli.counting import count
from fxlens.cli.outcome import end, json_text, say
from fxlens.cli.settings import in_options, limit_option
from fxlens.worker.messages import Limits

_COLOURS = {"error": "red", "warning": "yellow", "information": "blue", "hint": "bright_black"}


@click.command(name="check")
@paths_argument
@format_option
@python_option
@extra_path_option
@limit_option
@click.option("--strict", is_flag=True, help="Exit with 1 also if a call or a file could not be checked.")
def command(
    paths: tuple[Path, ...], form: str, python: str | None, extra_paths: tuple[Path, ...], limits: Limits, strict: bool
) -> None:
    """Check the node names in extraction calls.

    Folders are walked, respecting .gitignore; files that cannot be read are skipped and named. Exit code 0: nothing
    of severity error or warning; 1: something, or with --strict something that could not be checked; 2: wrong usage,
    or it could not run, as without torch; 130: interrupted.
    """
    analyses = analyse(paths, python, extra_paths, limits)
    found: list[dict[str, Any]] = []
    for analysed in analyses.files:
        try:
            found += _problems(analysed)
        except Exception as error:
            # A defect of ours in one file must not hide what is wrong in the others.
            analyses.failures.append(f"{analysed.path} could not be checked: {type(error).__name__}: {error}")
    if form == "json":
        click.echo(json_text(found))
    else:
        _print(found)
    counts = count((call for analysed in analyses.files for call in analysed.file.calls), analyses.unread)
    say(counts.sentence())
    findings = any(problem["severity"] in ("error", "warning") for problem in found)
    end(findings=findings or (strict and not counts.complete), failures=analyses.failures)


def _problems(analysed: Analysed) -> Iterator[dict[str, Any]]:
    from fxlens.checks import check_file, severity_of

    for problem in check_file(analysed.file, analysed.notebooks):
        end = analysed.place(problem.span.end)
        yield {
            "path": analysed.path,
            **analysed.place(problem.span.start),
            "end_line": end["line"],
            "end_column": end["column"],
            "rule": problem.rule,
            "severity": severity_of(problem.rule, {}),
            "message": in_options(problem.message),
            "suggestions": list(problem.suggestions),
        }


def _print(found: list[dict[str, Any]]) -> None:
    for one in found:
        severity = click.style(one["severity"], fg=_COLOURS[one["severity"]])
        click.echo(f"{said_place(one['path'], one)}: {severity}[{one['rule']}] {one['message']}")
    counts = [
        f"{count} {severity}{'s' if count > 1 and severity != 'information' else ''}"
        for severity in _COLOURS
        if (count := sum(one["severity"] == severity for one in found))
    ]
    click.echo(", ".join(counts) if counts else "No problems.", err=True)
