"""The engine on the command line: files in, analyses out, one worker for all of them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from fxlens.cli.files import python_files
from fxlens.engine.analysis import FileAnalysis
from fxlens.engine.disk_cache import cache_folder
from fxlens.engine.engine import Engine
from fxlens.engine.notebook_files import SUFFIX, read_notebook
from fxlens.engine.settings import EngineSettings, FolderSettings
from fxlens.engine.walking import read_source
from fxlens.source.model import Position
from fxlens.source.notebooks import Program

paths_argument = click.argument(
    "paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="PATH..."
)
format_option = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print."
)
python_option = click.option(
    "--python",
    "python",
    type=click.Path(exists=True, dir_okay=False),
    help="The Python whose torch traces the models; by default the one that runs this command.",
)


@dataclass(frozen=True)
class Analysed:
    """The analysis of a file, or of the program that the cells of a notebook make."""

    file: FileAnalysis
    program: Program | None = None

    @property
    def path(self) -> str:
        """As the user would write it: relative to where they are, if it lies below."""
        try:
            return str(Path(self.file.path).relative_to(Path.cwd()))
        except ValueError:
            return self.file.path

    @property
    def notebooks(self) -> dict[str, Program]:
        return {self.file.path: self.program} if self.program else {}

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


def analyse(paths: Iterable[Path], python: str | None) -> list[Analysed]:
    """The analyses of all files under ``paths`` that have an extraction call, with nothing left pending."""

    async def collect() -> list[Analysed]:
        return [analysis async for analysis in _analyses(list(paths), python)]

    return asyncio.run(collect())


async def _analyses(paths: list[Path], python: str | None) -> AsyncIterator[Analysed]:
    engine = Engine(on_analysis=lambda _: None, on_worker=lambda _: None, on_log=_log)
    interpreter = python or sys.executable
    reason = "given by --python" if python else "the one this command runs in"
    roots = dict.fromkeys(str(path.resolve() if path.is_dir() else Path.cwd()) for path in paths)
    folders = tuple(FolderSettings(root, interpreter, reason) for root in roots)
    engine.configure(
        EngineSettings(
            trusted=True,
            folders=folders,
            default_interpreter=interpreter,
            default_reason=reason,
            cache_folder=cache_folder(),
        )
    )
    await engine.indexed()
    try:
        for path in python_files(paths):
            resolved = path.resolve()
            uri = resolved.as_uri()
            program = read_notebook(path) if path.suffix == SUFFIX else None
            engine.open(uri, str(resolved), program.text if program else read_source(path), None)
            analysis = engine.analysis(uri)
            if analysis and analysis.calls:
                await engine.settled(uri)
                analysis = engine.analysis(uri)
                if analysis:
                    yield Analysed(analysis, program)
            engine.close(uri)
    finally:
        await engine.shutdown()


def _log(message: str) -> None:
    """The engine's log is for editors; on the command line what matters of it is in the result."""
