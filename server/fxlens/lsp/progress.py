"""Progress of traces as `window/workDoneProgress`, for what takes longer than half a second; it can be cancelled."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from fxlens.engine.cache import TraceKey
from fxlens.engine.traces import Progress
from fxlens.graph import Phase
from fxlens.lsp.client import ClientShows

PATIENCE_SECONDS = 0.5
_DOING: dict[Phase, str] = {
    "start": "starting Python for",
    "import": "importing what it needs to build",
    "build": "building",
    "trace": "tracing",
    "shapes": "finding the shapes of",
}


@dataclass
class _Running:
    model: str
    phase: Phase
    timer: asyncio.TimerHandle
    begun: str | None = None
    """The token of the progress the client shows, once it does."""


class TraceProgress:
    """Shows the phases of running traces; ``on_cancel`` is called with the one that the user gives up."""

    def __init__(self, server: LanguageServer, shows: ClientShows, on_cancel: Callable[[TraceKey], None]) -> None:
        self._server = server
        self._shows = shows
        self._on_cancel = on_cancel
        self._running: dict[TraceKey, _Running] = {}

    def take(self, progress: Progress) -> None:
        """A trace entered a phase, or ended."""
        running = self._running.get(progress.key)
        if progress.phase is None:
            self._end(progress.key)
        elif running is None:
            timer = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._show, progress.key)
            self._running[progress.key] = _Running(progress.model, progress.phase, timer)
        else:
            running.phase = progress.phase
            if running.begun:
                report = types.WorkDoneProgressReport(message=_message(running))
                self._server.work_done_progress.report(running.begun, report)

    def cancel(self, token: str | int) -> None:
        """The user pressed the button of the progress ``token``; it may have ended meanwhile."""
        for key, running in self._running.items():
            if running.begun == token:
                self._on_cancel(key)
                return

    def _show(self, key: TraceKey) -> None:
        if self._shows.progress:
            token = f"fxlens-{uuid.uuid4()}"
            creation = asyncio.ensure_future(self._server.work_done_progress.create_async(token))
            creation.add_done_callback(lambda created: self._begin(key, token, created))

    def _begin(self, key: TraceKey, token: str, created: asyncio.Future[Any]) -> None:
        if created.cancelled() or created.exception():
            return
        running = self._running.get(key)
        if running is None or running.begun:
            # The trace ended while the client was asked: what was created is ended at once.
            self._close(token)
            return
        running.begun = token
        begin = types.WorkDoneProgressBegin(title="FX Lens", message=_message(running), cancellable=True)
        self._server.work_done_progress.begin(token, begin)

    def _end(self, key: TraceKey) -> None:
        running = self._running.pop(key, None)
        if running is None:
            return
        running.timer.cancel()
        if running.begun:
            self._close(running.begun)

    def _close(self, token: str) -> None:
        self._server.work_done_progress.end(token, types.WorkDoneProgressEnd())
        self._server.work_done_progress.tokens.pop(token, None)  # pygls would keep it forever.


def _message(running: _Running) -> str:
    first, *more = running.model.splitlines()
    return f"{_DOING[running.phase]} {first} …" if more else f"{_DOING[running.phase]} {first}"
