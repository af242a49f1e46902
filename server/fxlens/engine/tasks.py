"""Tasks of the event loop: waiting with a limit, and background tasks that nobody awaits.

A background task that fails is reported in the log, and none is lost to the collector.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def within(seconds: float, future: asyncio.Future[T]) -> T:
    """The result of ``future``, which is cancelled if it takes longer, or if whoever waits is cancelled.

    ``asyncio.wait_for`` of Python 3.10 and 3.11 returns the result, and forgets that it was cancelled, if both happen
    in one turn of the loop: a request that an edit had cancelled went on, in a new worker, when the old one had died.

    Raises:
        asyncio.TimeoutError: it took longer.
    """
    try:
        await asyncio.wait({future}, timeout=seconds)
        if future.done():
            return future.result()
        raise asyncio.TimeoutError
    finally:
        future.cancel()


class Tasks:
    """Runs coroutines on the event loop. ``on_log`` gets a line for every one that fails."""

    def __init__(self, on_log: Callable[[str], None]) -> None:
        self._on_log = on_log
        self._running: set[asyncio.Task[None]] = set()

    def run(self, what: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start ``work``; ``what`` names it in the log."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(lambda done: self._ended(what, done))
        return task

    def _ended(self, what: str, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._on_log(f"internal error while {what}: {error!r}")

    async def finish(self) -> None:
        """Return when all have ended."""
        await asyncio.gather(*self._running, return_exceptions=True)
