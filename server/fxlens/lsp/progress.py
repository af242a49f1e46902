"""Progress of traces as `window/workDoneProgress`, for what takes longer than half a second."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from fxlens.graph import Phase
from fxlens.lsp.client import ClientShows

PATIENCE_SECONDS = 0.5
_DOING: dict[Phase, str] = {
    "start": "starting the worker for",
    "import": "importing what it needs to build",
    "build": "building",
    "trace": "tracing",
    "shapes": "finding the shapes of",
}


@dataclass
class _Running:
    phase: Phase
    timer: asyncio.TimerHandle
    begun: str | None = None
    """The token of the progress the client shows, once it does."""


class TraceProgress:
    """Shows the phases of running traces, by model expression."""

    def __init__(self, server: LanguageServer, shows: ClientShows) -> None:
        self._server = server
        self._shows = shows
        self._running: dict[str, _Running] = {}

    def phase(self, model: str, phase: Phase | None) -> None:
        """A trace of ``model`` entered ``phase``, or ended (``None``)."""
        running = self._running.get(model)
        if phase is None:
            self._end(model)
        elif running is None:
            timer = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._show, model)
            self._running[model] = _Running(phase, timer)
        else:
            running.phase = phase
            if running.begun:
                report = types.WorkDoneProgressReport(message=_message(model, phase))
                self._server.work_done_progress.report(running.begun, report)

    def _show(self, model: str) -> None:
        if self._shows.progress:
            token = f"fxlens-{uuid.uuid4()}"
            creation = asyncio.ensure_future(self._server.work_done_progress.create_async(token))
            creation.add_done_callback(lambda created: self._begin(model, token, created))

    def _begin(self, model: str, token: str, created: asyncio.Future[Any]) -> None:
        if created.cancelled() or created.exception():
            return
        running = self._running.get(model)
        if running is None or running.begun:
            # The trace ended while the client was asked: what was created is ended at once.
            self._server.work_done_progress.end(token, types.WorkDoneProgressEnd())
            return
        running.begun = token
        begin = types.WorkDoneProgressBegin(title="FX Lens", message=_message(model, running.phase), cancellable=False)
        self._server.work_done_progress.begin(token, begin)

    def _end(self, model: str) -> None:
        running = self._running.pop(model, None)
        if running is None:
            return
        running.timer.cancel()
        if running.begun:
            self._server.work_done_progress.end(running.begun, types.WorkDoneProgressEnd())


def _message(model: str, phase: Phase) -> str:
    first, *more = model.splitlines()
    return f"{_DOING[phase]} `{first} …`" if more else f"{_DOING[phase]} `{first}`"
