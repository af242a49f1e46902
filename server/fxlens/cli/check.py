"""``fxlens check PATH…``: the editor's diagnostics on the command line, for people and for CI."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from fxlens.cli.analysing import analyse, extra_path_option, format_option, paths_argument, python_option, said_place
from fxlens.cli.settings import in_options, limit_option
from fxlens.worker.messages import Limits

_COLOURS = {"error": "red", "warning": "yellow", "information": "blue", "hint": "bright_black"}


@click.command(name="check")
@paths_argument
@format_option
@python_option
@extra_path_option
@limit_option
def command(
    paths: tuple[Path, ...], form: str, python: str | None, extra_paths: tuple[Path, ...], limits: Limits
) -> None:
    """Check the node names in extraction calls.

    Folders are walked, respecting .gitignore. Exit code 0: nothing of severity error or warning; 1: something;
    2: wrong usage or an internal error.
    """
    try:
        found = list(_problems(paths, python, extra_paths, limits))
    except Exception as error:
        # The exit code 1 is promised to mean findings; whatever breaks here must not look like one.
        click.echo(f"fxlens check failed: {type(error).__name__}: {error}", err=True)
        sys.exit(2)
    if form == "json":
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        _print(found)
    sys.exit(any(problem["severity"] in ("error", "warning") for problem in found))


def _problems(
    paths: Iterable[Path], python: str | None, extra_paths: Iterable[Path], limits: Limits
) -> Iterable[dict[str, Any]]:
    from fxlens.checks import check_file, severity_of

    for analysed in analyse(paths, python, extra_paths, limits):
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
