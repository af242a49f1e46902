"""``fxlens check PATH…``: the editor's diagnostics on the command line, for people and for CI."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import click

from fxlens.cli.analysing import STANDARD_INPUT, Analyser, Task, extra_path_option, python_option
from fxlens.cli.baseline import require_baseline
from fxlens.cli.formats import FORMATS
from fxlens.cli.outcome import end, say
from fxlens.cli.rounds import Mode, Outcome, Request, run_round
from fxlens.cli.rule_options import RuleChoice, ignore_option, select_option, severity_option
from fxlens.cli.settings import limit_option
from fxlens.cli.watching import SECONDS, changed, stamps
from fxlens.engine.regular_files import EncodedText, SkippedError
from fxlens.engine.walking import pattern_problem
from fxlens.worker.messages import Limits


def _patterns(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if problem := pattern_problem(value):
            raise click.BadParameter(f"{value!r} {problem}.")
    return values


@click.command(name="check")
@click.argument(
    "paths",
    nargs=-1,
    default=(Path(),),
    type=click.Path(exists=True, allow_dash=True, path_type=Path),
    metavar="[PATH]...",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="Output format of the problems.",
)
@python_option
@extra_path_option
@click.option(
    "--exclude",
    multiple=True,
    callback=_patterns,
    metavar="PATTERN",
    help="Files to leave out, as in a .gitignore of the working folder, also where they are named. Repeatable.",
)
@limit_option
@select_option
@ignore_option
@severity_option
@click.option("--fix", is_flag=True, help="Apply the fixes that are sure; print what is left.")
@click.option("--diff", is_flag=True, help="Print what --fix would change, and change nothing.")
@click.option(
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Leave out the problems that FILE lists.",
)
@click.option("--write-baseline", is_flag=True, help="List all problems in the file of --baseline, and exit with 0.")
@click.option("--watch", is_flag=True, help="Check again whenever a file changes, until interrupted.")
@click.option(
    "--stdin-filename",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Which file the text on standard input stands for, with PATH `-`.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 also if a call or a file could not be checked.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found; with 2 still if it could not run.")
@click.option("--quiet", "-q", is_flag=True, help="Print problems and errors only.")
@click.option("--statistics", is_flag=True, help="Count the problems by rule, on standard error.")
def command(
    paths: tuple[Path, ...],
    form: str,
    python: str | None,
    extra_paths: tuple[Path, ...],
    exclude: tuple[str, ...],
    limits: Limits,
    select: frozenset[str],
    ignore: frozenset[str],
    severities: tuple[tuple[str, str], ...],
    fix: bool,
    diff: bool,
    baseline: Path | None,
    write_baseline: bool,
    watch: bool,
    stdin_filename: Path | None,
    strict: bool,
    exit_zero: bool,
    quiet: bool,
    statistics: bool,
) -> None:
    """Check the node names in extraction calls. PATH is a file, a folder (default: this one) or `-`: standard input.

    Folders are walked, respecting .gitignore; files that cannot be read are skipped and named. [tool.fxlens] of
    pyproject.toml may say more; options win. Exit code 0: nothing of severity error or warning; 1: something, or with
    --strict something that could not be checked; 2: wrong usage, or it could not run, as without torch; 130:
    interrupted. NO_COLOR and FORCE_COLOR are respected.
    """
    if fix and diff:
        raise click.UsageError("--fix and --diff exclude each other: --diff shows what --fix would do.")
    if write_baseline and baseline is None:
        raise click.UsageError("--write-baseline needs --baseline FILE.")
    if write_baseline and (fix or diff):
        raise click.UsageError(
            "--write-baseline and --fix or --diff exclude each other: a baseline lists what is not fixed."
        )
    text = None
    if STANDARD_INPUT in paths:
        if len(paths) > 1 or watch:
            raise click.UsageError("`-` stands alone: the text on standard input is checked once, and nothing else.")
        paths, text = (stdin_filename or Path("standard_input.py"),), _standard_input()
    elif stdin_filename:
        raise click.UsageError("--stdin-filename is for PATH `-`.")
    mode: Mode = "fix" if fix else "diff" if diff else "baseline" if write_baseline else "check"
    request = Request(
        form, RuleChoice(select, ignore, severities), mode, baseline, strict, exit_zero, quiet, statistics
    )
    task = Task(paths, python, extra_paths, limits, quiet, exclude, text)
    if baseline and (not write_baseline or baseline.exists()):
        require_baseline(baseline)
    outcome = asyncio.run(_work(task, request, watch=watch))
    end(findings=outcome.findings, failures=outcome.failures)


async def _work(task: Task, request: Request, *, watch: bool) -> Outcome:
    async with Analyser(task) as analyser:
        before = stamps(analyser.folders, task.paths) if watch else {}
        outcome = await run_round(analyser, request)
        _print(outcome)
        while watch:
            await asyncio.sleep(SECONDS)
            now = await asyncio.to_thread(stamps, analyser.folders, task.paths)
            paths = changed(before, now)
            before = now
            if not paths:
                continue
            for path in paths:
                analyser.engine.file_changed(path)
            await analyser.engine.indexed()
            say("")
            outcome = await run_round(analyser, request)
            if request.mode == "fix":
                before = stamps(analyser.folders, task.paths)
            for line in outcome.failures:
                say(f"Error: {line}")
            _print(outcome)
        return outcome


def _print(outcome: Outcome) -> None:
    if outcome.text:
        colour = _colour(os.environ.get("NO_COLOR"), os.environ.get("FORCE_COLOR"))
        click.echo(outcome.text, color=colour, nl=isinstance(outcome.text, str) and not outcome.text.endswith("\n"))
        sys.stdout.flush()
    for line in outcome.said:
        say(line)


def _standard_input() -> EncodedText:
    try:
        return EncodedText.of(sys.stdin.buffer.read())
    except SkippedError as error:
        raise click.UsageError(f"The text on standard input {error}.") from error


def _colour(no_colour: str | None, force_colour: str | None) -> bool | None:
    """Whether to print colours, as no-color.org and force-color.org say; ``None`` leaves it to the terminal."""
    return False if no_colour else True if force_colour else None
