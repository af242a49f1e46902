"""The engine on the command line: files in, analyses out, one worker for all of them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import click

from fxlens.checks.wording import sentences
from fxlens.cli.environments import Chosen, choose
from fxlens.cli.files import python_files
from fxlens.cli.outcome import COULD_NOT_RUN, say
from fxlens.cli.settings import in_options
from fxlens.engine.analysis import FileAnalysis
from fxlens.engine.disk_cache import cache_folder
from fxlens.engine.engine import Engine
from fxlens.engine.import_roots import environment_paths, project_root
from fxlens.engine.interpreters import probe
from fxlens.engine.notebook_files import SUFFIX, read_notebook
from fxlens.engine.regular_files import read_source, skip_reason
from fxlens.engine.settings import EngineSettings, FolderSettings
from fxlens.source.model import Position
from fxlens.source.notebooks import Program
from fxlens.worker.messages import Limits

paths_argument = click.argument(
    "paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="PATH..."
)
extra_path_option = click.option(
    "--extra-path",
    "extra_paths",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="A folder that the code imports from; may be given several times.",
)
format_option = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print."
)
python_option = click.option(
    "--python",
    "python",
    type=click.Path(exists=True, dir_okay=False),
    help="The Python whose torch traces the models; by default that of the active environment, "
    "else .venv of the project, else the one that runs this command.",
)


class CouldNotRunError(click.ClickException):
    """Nothing could be done; the message says why."""

    exit_code = COULD_NOT_RUN


@dataclass
class Analyses:
    """The files with extraction calls, lines that say what could not be done, and how many files were not read."""

    files: list[Analysed] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    unread: int = 0


@dataclass(frozen=True)
class Analysed:
    """The analysis of a file, or of the program that the cells of a notebook make."""

    file: FileAnalysis
    program: Program | None = None
    notebooks: Mapping[str, Program] = field(default_factory=dict)
    """The programs of all notebooks of the workspace: what is said of a file may stand in one of them."""

    @property
    def path(self) -> str:
        """As the user would write it: relative to where they are, if it lies below."""
        try:
            return str(Path(self.file.path).relative_to(Path.cwd()))
        except ValueError:
            return self.file.path

    def place(self, position: Position) -> dict[str, int]:
        """Line and column from 1; in a notebook those in the cell, and which of the Python cells that is."""
        cell = self.program.place_of(position.line) if self.program else None
        line = {"cell": cell.at + 1, "line": position.line - cell.first + 1} if cell else {"line": position.line + 1}
        return {**line, "column": position.column + 1}


def said_place(path: str, place: Mapping[str, int]) -> str:
    """``net.py:3:5``, ``tour.ipynb:cell 2:3:5``.

    Example:
        >>> said_place("tour.ipynb", {"cell": 2, "line": 3, "column": 5})
        'tour.ipynb:cell 2:3:5'
    """
    cell = f"cell {place['cell']}:" if "cell" in place else ""
    return f"{path}:{cell}{place['line']}:{place['column']}"


def analyse(
    paths: Iterable[Path],
    python: str | None,
    extra_paths: Iterable[Path] = (),
    limits: Limits | None = None,
    quiet: bool = False,
) -> Analyses:
    """The analyses of all files under ``paths`` that have an extraction call, with nothing left pending.

    The Python that traces them is named on standard error, unless ``quiet``.

    Raises:
        CouldNotRunError: ``python`` cannot trace models.
    """

    async def collect() -> Analyses:
        extra = tuple(str(path.resolve()) for path in extra_paths)
        if python and (answer := await probe(python)).problem:
            raise CouldNotRunError(in_options(f"{answer.problem} {answer.remedy}".strip()))
        found = Analyses()
        async for analysis in _analyses(list(paths), python, extra, limits or Limits(), found, quiet=quiet):
            found.files.append(analysis)
            found.failures += _blocked(analysis.file)
        return found

    return asyncio.run(collect())


def workspace_folders(paths: Iterable[Path]) -> list[str]:
    """The folders that stand for the workspace of ``paths``, none inside another."""
    roots = sorted({project_root(path.resolve(), Path.cwd()) for path in paths}, key=lambda root: len(root.parts))
    outermost: list[Path] = []
    for root in roots:
        if not any(root.is_relative_to(other) for other in outermost):
            outermost.append(root)
    return [str(root) for root in outermost]


def python_path() -> tuple[str, ...]:
    """The entries of ``PYTHONPATH``; a relative one is meant from here, where there is such a folder."""
    return tuple(str(Path(entry).resolve()) if Path(entry).is_dir() else entry for entry in environment_paths())


async def _analyses(
    paths: list[Path], python: str | None, extra_paths: tuple[str, ...], limits: Limits, found: Analyses, *, quiet: bool
) -> AsyncIterator[Analysed]:
    engine = Engine(on_analysis=lambda _: None, on_worker=lambda _: None, on_log=_log)
    folders = tuple(_folder(root, python, paths) for root in workspace_folders(paths))
    first = folders[0]
    settings = EngineSettings(
        trusted=True,
        folders=folders,
        default_interpreter=first.interpreter,
        default_reason=first.interpreter_reason,
        extra_paths=extra_paths,
        limits=limits,
        python_path=python_path(),
        cache_folder=cache_folder(),
    )
    engine.configure(settings)
    said: set[str | None] = set()
    await engine.indexed()
    try:
        for path in python_files(paths, _skip):
            try:
                resolved = path.resolve()
                program = read_notebook(path) if path.suffix == SUFFIX else None
                text = program.text if program else read_source(path)
            except (OSError, RuntimeError) as error:
                _skip(f"{path} {skip_reason(error)}")
                found.failures += [f"{path} {skip_reason(error)}"] if path in paths else []
                found.unread += 1
                continue
            uri = resolved.as_uri()
            engine.open(uri, str(resolved), text, None)
            await engine.settled(uri)
            analysis = engine.analysis(uri)
            if analysis and analysis.problem:
                reason = in_options(sentences(analysis.problem.message, analysis.problem.remedy))
                click.echo(f"{path}: {reason}", err=True)
                found.unread += 1
            if analysis and analysis.calls:
                if not quiet:
                    _say_interpreter(settings.interpreter_of(str(resolved)), said)
                own = {analysis.path: program} if program else {}
                yield Analysed(analysis, program, {**engine.notebooks(), **own})
            engine.close(uri)
    finally:
        await engine.shutdown()


def _folder(root: str, python: str | None, paths: Iterable[Path]) -> FolderSettings:
    chosen: Chosen = choose(python, Path(root), paths, os.environ)
    return FolderSettings(root, chosen.interpreter, chosen.reason)


def _say_interpreter(choice: tuple[str | None, str], said: set[str | None]) -> None:
    """Name the Python that traces, once for each: results depend on its torch."""
    interpreter, reason = choice
    if interpreter not in said:
        said.add(interpreter)
        say(f"Python: {interpreter} ({reason})")


def _blocked(file: FileAnalysis) -> list[str]:
    """Why no model of the file could be traced, whatever it is: there is no Python with torch, or it does not start."""
    states = [state for call in file.calls for state in call.models if state.status == "blocked"]
    return [in_options(f"{state.failure.message} {state.failure.remedy}".strip()) for state in states if state.failure]


def _skip(line: str) -> None:
    say(f"skipped: {line}")


def _log(message: str) -> None:
    """The engine's log is for editors; on the command line what matters of it is in the result."""
