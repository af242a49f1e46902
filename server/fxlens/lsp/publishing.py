"""When to send what follows from an analysis: soon after an edit, at once after everything else.

Checking names costs tens of milliseconds where a model has ten thousand of them, and it must not stand between a
keystroke and the completion list. So the checks wait until typing pauses; a finished trace is shown without delay.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

PAUSE_SECONDS = 0.1


class Publisher:
    """Calls ``send`` with a document's address, at most once for a burst of edits."""

    def __init__(self, send: Callable[[str], None]) -> None:
        self._send = send
        self._waiting: dict[str, tuple[asyncio.TimerHandle, int | None]] = {}
        self._sent: dict[str, int | None] = {}

    def publish(self, uri: str, version: int | None) -> None:
        """Send for this version of the document, or soon if its text was not sent before."""
        self._stop_waiting(uri)
        if uri in self._sent and self._sent[uri] == version:
            self._now(uri, version)
        else:
            timer = asyncio.get_running_loop().call_later(PAUSE_SECONDS, self._now, uri, version)
            self._waiting[uri] = timer, version

    def flush(self, uri: str) -> None:
        """Send at once what waits for the document, if anything does."""
        waiting = self._waiting.get(uri)
        if waiting:
            self._stop_waiting(uri)
            self._now(uri, waiting[1])

    def forget(self, uri: str) -> None:
        """Drop what waits for a document that was closed."""
        self._sent.pop(uri, None)
        self._stop_waiting(uri)

    def _stop_waiting(self, uri: str) -> None:
        waiting = self._waiting.pop(uri, None)
        if waiting:
            waiting[0].cancel()

    def _now(self, uri: str, version: int | None) -> None:
        self._waiting.pop(uri, None)
        self._sent[uri] = version
        self._send(uri)
