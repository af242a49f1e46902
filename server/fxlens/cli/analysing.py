"""The engine on the command line: files in, analyses out, one worker for all of them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import click

from fxlens.cli.files import python_files
from fxlens.engine.analysis import FileAnalysis
from fxlens.engine.disk_cache import cache_folder
from fxlens.engine.engine import Engine
from fxlens.engine.settings import EngineSettings, FolderSettings
from fxlens.engine.walking import read_source

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


def analyse(paths: Iterable[Path], python: str | None) -> list[FileAnalysis]:
    """The analyses of all files under ``paths`` that have an extraction call, with nothing left pending."""

    async def collect() -> list[FileAnalysis]:
        return [analysis async for analysis in _analyses(list(paths), python)]

    return asyncio.run(collect())


async def _analyses(paths: list[Path], python: str | None) -> AsyncIterator[FileAnalysis]:
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
            engine.open(uri, str(resolved), read_source(path), None)
            analysis = engine.analysis(uri)
            if analysis and analysis.calls:
                await engine.settled(uri)
                analysis = engine.analysis(uri)
                if analysis:
                    yield analysis
            engine.close(uri)
    finally:
        await engine.shutdown()


def _log(message: str) -> None:
    """The engine's log is for editors; on the command line what matters of it is in the result."""


def shown_path(path: str) -> str:
    """A path as the user would write it: relative to where they are, if it lies below."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return path
