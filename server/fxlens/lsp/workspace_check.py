"""Problems of files that are not open: on request, or kept up to date where a setting says so.

One file at a time: a model is traced for each call, and somebody is working in the files that are open. Results are
remembered by the engine, so that a second check costs what has changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lsprotocol import types

from fxlens.checks import check_file
from fxlens.engine.analysis import FileAnalysis
from fxlens.graph import SourceLine
from fxlens.lsp.diagnostics import diagnostic_of
from fxlens.lsp.session import Published, Session
from fxlens.source.library.extraction import FUNCTIONS
from fxlens.source.text.notebooks import Program, place_name

PAUSE_SECONDS = 2.0
"""How long files must rest before they are checked again: a checkout changes hundreds of them at once."""


class Client(Protocol):
    """What a check needs of the server."""

    session: Session

    def publish_diagnostics(self, uri: str, published: Published) -> None: ...

    def withdraw(self, uri: str) -> None: ...

    def log(self, message: str) -> None: ...


@dataclass
class WorkspaceCheck:
    """The check of one workspace: what it has published, and the run that is waiting or going on."""

    client: Client
    shown: set[str] = field(default_factory=set)
    """The addresses of files that are not open and have problems in the client's list."""
    _timer: asyncio.TimerHandle | None = None
    _task: asyncio.Task[tuple[int, int]] | None = None

    async def run(self, on_progress: Callable[[int, int, str], None] = lambda *_: None) -> tuple[int, int]:
        """Check all files that are not open; how many have extraction calls, and how many problems they have.

        ``on_progress`` is told how many files are done, of how many, and which comes next. To stop, cancel: what was
        found until then stays.
        """
        session = self.client.session
        await session.engine.indexed()
        files = await self._files()
        before, self.shown = self.shown, set()
        problems = 0
        try:
            for at, (path, program) in enumerate(files):
                on_progress(at, len(files), Path(path).name)
                count = await self._check(path, program)
                before.discard(Path(path).as_uri())
                problems += count
        finally:
            # Of files that a run did not come to, what was found before stays.
            self.shown |= before
        for uri in before:  # They have no calls any more, or are gone.
            self._forget(uri)
        return len(files), problems

    def soon(self) -> None:
        """Check again when files have come to rest, where the setting asks for it."""
        self.stop()
        if self.client.session.configuration.check_workspace:
            self._timer = asyncio.get_running_loop().call_later(PAUSE_SECONDS, self._start)

    def stop(self) -> None:
        for each in (self._timer, self._task):
            if each is not None:
                each.cancel()
        self._timer = self._task = None

    def clear(self) -> None:
        """Take back what was found in files that are not open."""
        self.stop()
        for uri in list(self.shown):
            self._forget(uri)

    def closed(self, uri: str) -> None:
        """A document was closed: what is wrong with it is still wrong."""
        if self.client.session.configuration.check_workspace:
            self.shown.discard(uri)
            self.soon()

    def _start(self) -> None:
        self._timer = None
        self._task = asyncio.ensure_future(self.run())
        self._task.add_done_callback(self._log_failure)

    def _log_failure(self, task: asyncio.Task[tuple[int, int]]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.client.log(f"internal error while checking the workspace: {error!r}")

    async def _files(self) -> list[tuple[str, Program | None]]:
        session = self.client.session
        files = await session.closed_files(FUNCTIONS)
        files.sort(key=lambda file: (file[1] is not None, file[0]))  # Notebooks last.
        return [(path, program) for path, program in files if not session.engine.project(path).excludes(path)]

    async def _check(self, path: str, program: Program | None) -> int:
        session = self.client.session
        text = program.text if program else None
        analysis = await session.engine.look_into(path, lambda _: True, text)
        uri = Path(path).as_uri()
        if analysis is None or session.workspace.document(uri) is not None:
            return 0  # It was opened meanwhile, and has its problems from there.
        published = self._published(uri, analysis, program)
        if published.diagnostics:
            self.shown.add(uri)
        self.client.publish_diagnostics(uri, published)
        return len(published.diagnostics)

    def _published(self, uri: str, analysis: FileAnalysis, program: Program | None) -> Published:
        session = self.client.session
        document = session.workspace.unopened(uri, analysis.text)
        notebooks = {**session.engine.notebooks(), **session.workspace.notebooks()}
        published = []
        for problem in check_file(analysis, notebooks):
            diagnostic = diagnostic_of(session, document, problem, analysis.path)
            if diagnostic is not None and program is not None:
                # The file itself is JSON, in which no line is a line of a cell.
                line = SourceLine(analysis.path, problem.span.start.line + 1)
                where = place_name(line, {analysis.path: program})
                diagnostic.message = f"{where}: {diagnostic.message}"
                diagnostic.range = types.Range(types.Position(0, 0), types.Position(0, 0))
            if diagnostic is not None:
                published.append((diagnostic, problem))
        return Published(None, tuple(published))

    def _forget(self, uri: str) -> None:
        self.shown.discard(uri)
        if self.client.session.workspace.document(uri) is None:
            self.client.withdraw(uri)
