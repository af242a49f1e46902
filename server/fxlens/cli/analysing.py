"""The engine on the command line: files in, analyses out, one worker for all of them."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import click

from fxlens.checks.project_rules import project_problems
from fxlens.checks.wording import sentences
from fxlens.cli.environments import choose
from fxlens.cli.files import python_files
from fxlens.cli.outcome import COULD_NOT_RUN, say, visible
from fxlens.cli.progress import progress
from fxlens.cli.settings import in_options
from fxlens.engine.analysis import FileAnalysis
from fxlens.engine.disk_cache import cache_folder
from fxlens.engine.engine import Engine
from fxlens.engine.file_names import without_links
from fxlens.engine.import_roots import environment_paths, project_root
from fxlens.engine.interpreters import probe, python_in
from fxlens.engine.notebook_files import SUFFIX, program_of, require_notebook
from fxlens.engine.project_settings import ProjectProblem, ProjectSettings, matches
from fxlens.engine.regular_files import EncodedText, read_encoded, skip_reason
from fxlens.engine.settings import EngineSettings, FolderSettings
from fxlens.source.model import Position
from fxlens.source.text.document import keep_documents
from fxlens.source.text.notebooks import Program
from fxlens.worker.messages import Limits


def _interpreter(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """The interpreter that is named: its path, that of its environment, or a command on PATH."""
    if value is None or Path(value).is_file():
        return value
    python = python_in(Path(value)) if Path(value).is_dir() else shutil.which(value)
    if python is None:
        raise click.BadParameter(f"there is no interpreter, environment or command {value!r}.")
    return python


paths_argument = click.argument(
    "paths", nargs=-1, default=(Path(),), type=click.Path(exists=True, path_type=Path), metavar="[PATH]..."
)
STANDARD_INPUT = Path("-")
MOST_DOCUMENTS = 256
"""How many trees of files a run keeps, at some megabytes each: it ends soon, and each is needed again and again."""
extra_path_option = click.option(
    "--extra-path",
    "extra_paths",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="A folder that the code imports from; may be given several times.",
)
format_option = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Output format."
)
python_option = click.option(
    "--python",
    "python",
    metavar="PYTHON",
    callback=_interpreter,
    help="The Python whose torch traces the models: an interpreter or the folder of an environment; by default that of "
    "the active environment, else .venv of the project, else the one that runs this command.",
)


class CouldNotRunError(click.ClickException):
    """Nothing could be done; the message says why."""

    exit_code = COULD_NOT_RUN


@dataclass
class Analyses:
    """The files with extraction calls, lines that say what could not be done, and how many files were not read.

    ``excluded`` counts those that were left out on purpose, ``unlisted`` are folders that could not be looked into,
    ``looked_at`` the files without and with calls, as absolute paths.
    """

    files: list[Analysed] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    unread: int = 0
    unlisted: int = 0
    excluded: int = 0
    looked_at: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Task:
    """What a command is to look at: files and folders, or one text from standard input that stands for a file.

    ``python`` is the interpreter that was named, ``exclude`` are patterns of files to leave out, which count from the
    working folder. ``quiet``: only problems are printed.
    """

    paths: tuple[Path, ...]
    python: str | None = None
    extra_paths: tuple[Path, ...] = ()
    limits: Limits = field(default_factory=Limits)
    quiet: bool = False
    exclude: tuple[str, ...] = ()
    stdin: EncodedText | None = None


@dataclass(frozen=True)
class Analysed:
    """The analysis of a file, or of the program that the cells of a notebook make."""

    file: FileAnalysis
    program: Program | None = None
    project: ProjectSettings = field(default_factory=ProjectSettings)
    notebooks: Mapping[str, Program] = field(default_factory=dict)
    """The programs of all notebooks of the workspace: a problem of a file may stand in one of them."""

    @property
    def path(self) -> str:
        """As the user would write it: relative to where they are, if it lies below."""
        return shown_path(self.file.path)

    def line_and_column(self, position: Position) -> dict[str, int]:
        """Line and column from 1; in a notebook those in the cell, and which of the Python cells that is."""
        cell = self.program.place_of(position.line) if self.program else None
        line = {"cell": cell.at + 1, "line": position.line - cell.first + 1} if cell else {"line": position.line + 1}
        return {**line, "column": position.column + 1}


def shown_path(path: str) -> str:
    """A path as the user would write it: relative to the working folder, if it lies below."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return path


def said_place(path: str, where: Mapping[str, int]) -> str:
    """``net.py:3:5``, ``tour.ipynb:cell 2:3:5``.

    Example:
        >>> said_place("tour.ipynb", {"cell": 2, "line": 3, "column": 5})
        'tour.ipynb:cell 2:3:5'
    """
    cell = f"cell {where['cell']}:" if "cell" in where else ""
    return f"{path}:{cell}{where['line']}:{where['column']}"


class Analyser:
    """One engine, with one worker for all files, as long as a command needs it; an asynchronous context.

    Raises:
        CouldNotRunError: on entering, if the named Python cannot trace models.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.engine = Engine(on_analysis=lambda _: None, on_worker=lambda _: None, on_log=_log)
        self.folders = workspace_folders(task.paths)
        self._said: set[str] = set()

    async def __aenter__(self) -> Analyser:
        python = self.task.python
        if python and (answer := await probe(python)).problem:
            raise CouldNotRunError(in_options(f"{answer.problem} {answer.remedy}".strip()))
        keep_documents(MOST_DOCUMENTS)
        self.engine.configure(self._settings())
        await self.engine.indexed()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.engine.shutdown()

    async def analyses(self) -> Analyses:
        """The analyses of all files that have an extraction call, with nothing left pending."""
        result = Analyses()
        files = list(self._files(result))
        with progress(len(files), quiet=self.task.quiet) as advance:
            for path in files:
                advance(shown_path(str(path)))
                await self._take(path, result)
        for project in self.engine.projects():
            result.failures += [
                f"{shown_path(project.file)}:{problem.line + 1}: {problem.message}"
                for problem in [*project_problems(project), *self._missing(project)]
            ]
        return result

    def _missing(self, project: ProjectSettings) -> Iterator[ProjectProblem]:
        """Said here, as of the options, and not in an editor, which would have to watch for a folder to come."""
        for path in project.extra_paths:
            if not Path(project.folder, Path(path).expanduser()).is_dir():
                yield project.problem_at("extra-paths", f"`extra-paths`: there is no folder {path!r}.")
        if project.python and not self.task.python and not Path(project.python).exists():
            named = shown_path(project.python)
            yield project.problem_at("python", f"`python`: there is no interpreter or environment {named!r}.")

    async def analyse(self, path: str, text: str, program: Program | None = None) -> Analysed:
        """The analysis of a file with its own text, or of a notebook's ``program``."""
        uri = Path(path).as_uri()
        self.engine.open(uri, path, text, None)
        try:
            await self.engine.settled(uri)
            analysis = self.engine.analysis(uri)
            assert analysis is not None
            if program is None:
                self.engine.note_quiet(uri)
            own = {path: program} if program else {}
            project = self.engine.project(path)
            return Analysed(analysis, program, project, {**self.engine.notebooks(), **own})
        finally:
            self.engine.close(uri)

    def _files(self, result: Analyses) -> Iterator[Path]:
        def not_listed(line: str) -> None:
            result.unlisted += 1
            self._skip(line)

        named = self.task.paths if self.task.stdin else python_files(self.task.paths, self._skip, not_listed)
        for path in named:
            resolved = str(without_links(path))
            if matches(self.task.exclude, str(Path.cwd()), resolved) or self.engine.project(resolved).excludes(
                resolved
            ):
                result.excluded += 1
                if path in self.task.paths:
                    self._say_once(f"excluded: {path}")
                continue
            yield path

    async def _take(self, path: Path, result: Analyses) -> None:
        try:
            resolved = str(without_links(path))
            text = (self.task.stdin or read_encoded(path)).text
            program = None
            if path.suffix == SUFFIX:
                require_notebook(text)
                program = program_of(text)
                text = program.text
        except (OSError, RuntimeError) as error:
            self._not_read(path, f"{path} {skip_reason(error)}", result)
            return
        result.looked_at.add(resolved)
        if program is None and self.engine.is_quiet(resolved, text):
            return
        analysed = await self.analyse(resolved, text, program)
        if problem := analysed.file.problem:
            self._not_read(path, f"{path}: {in_options(sentences(problem.message, problem.remedy))}", result)
        if analysed.file.calls:
            # Results depend on its torch.
            interpreter, reason = self.engine.interpreter_of(resolved)
            if interpreter:  # Else the failures say why there is none.
                self._say_once(f"Python: {interpreter} ({reason})", interpreter)
            result.files.append(analysed)
            result.failures += _blocked(analysed.file)

    def _settings(self) -> EngineSettings:
        folders = tuple(self._folder(root) for root in self.folders)
        return EngineSettings(
            trusted=True,
            folders=folders,
            default_interpreter=folders[0].interpreter,
            default_reason=folders[0].interpreter_reason,
            extra_paths=tuple(str(without_links(path)) for path in self.task.extra_paths),
            limits=self.task.limits,
            python_path=python_path(),
            cache_folder=cache_folder(),
        )

    def _folder(self, root: str) -> FolderSettings:
        chosen = choose(self.task.python, Path(root), self.task.paths, os.environ)
        return FolderSettings(root, chosen.interpreter, chosen.reason, interpreter_set=bool(self.task.python))

    def _say_once(self, line: str, about: str | None = None) -> None:
        key = about or line
        if not self.task.quiet and key not in self._said:
            self._said.add(key)
            say(visible(line))

    def _not_read(self, path: Path, line: str, result: Analyses) -> None:
        """A file that was named must be looked at; one that a walk came by is skipped."""
        result.unread += 1
        if path in self.task.paths:
            result.failures.append(line)
        else:
            self._skip(line)

    def _skip(self, line: str) -> None:
        if line not in self._said:
            self._said.add(line)
            say(f"skipped: {visible(line)}")


def analyse(task: Task) -> Analyses:
    """The analyses of all files of ``task`` that have an extraction call.

    Raises:
        CouldNotRunError: the named Python cannot trace models.
    """

    async def collect() -> Analyses:
        async with Analyser(task) as analyser:
            return await analyser.analyses()

    return asyncio.run(collect())


def workspace_folders(paths: Iterable[Path]) -> list[str]:
    """The folders that stand for the workspace of ``paths``, none inside another."""
    resolved = (without_links(path) for path in paths)
    # Of many files in one folder, one is enough: whose project it is, files on the way to the root of the disk say.
    representatives = {path if path.is_dir() else path.parent: path for path in resolved}.values()
    roots = sorted({project_root(path, Path.cwd()) for path in representatives}, key=lambda root: len(root.parts))
    outermost: list[Path] = []
    for root in roots:
        if not any(root.is_relative_to(other) for other in outermost):
            outermost.append(root)
    return [str(root) for root in outermost]


def python_path() -> tuple[str, ...]:
    """The entries of ``PYTHONPATH``; a relative one is meant from here, where there is such a folder."""
    return tuple(str(without_links(Path(entry))) if Path(entry).is_dir() else entry for entry in environment_paths())


def _blocked(file: FileAnalysis) -> list[str]:
    """Why no model of the file could be traced, whatever it is: there is no Python with torch, or it does not start."""
    states = [state for call in file.calls for state in call.models if state.status == "blocked"]
    return [in_options(f"{state.failure.message} {state.failure.remedy}".strip()) for state in states if state.failure]


def _log(message: str) -> None:
    """The engine's log is for editors; on the command line what matters of it is in the result."""
