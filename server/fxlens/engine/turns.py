"""Turns: how many workers may run at once, and who is next when more are needed.

Each interpreter has one worker. While there are no more interpreters than places, nobody waits. Beyond that, the idle
worker that was used least recently is parked, and where all are at work the interpreters that wait are served in the
order in which they began to wait. A worker that runs takes no new work while another waits, so that a busy folder
cannot keep a quiet one from ever being looked at.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable

from fxlens.engine.tasks import Tasks


class Turns:
    """Gives places to interpreters; ``park`` ends the worker of one that has a place and nothing to do."""

    def __init__(self, slots: int, park: Callable[[str], Awaitable[None]], tasks: Tasks) -> None:
        self._slots = slots
        self._park = park
        self._tasks = tasks
        self._at_work: OrderedDict[str, int] = OrderedDict()
        """Requests under way, for each interpreter that has a place, those used least recently first."""
        self._waiting: OrderedDict[str, list[asyncio.Future[None]]] = OrderedDict()
        self._parking: set[asyncio.Task[None]] = set()

    def set_places(self, slots: int) -> None:
        """Have ``slots`` from now on; workers beyond them end as soon as they are idle."""
        self._slots = slots
        self._serve()

    @contextlib.asynccontextmanager
    async def turn(self, interpreter: str, on_wait: Callable[[], None]) -> AsyncIterator[None]:
        """A place for one request of ``interpreter``; ``on_wait`` is called if there is none yet."""
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(interpreter, []).append(granted)
        self._serve()
        try:
            if not granted.done():
                on_wait()
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():
                self._release(interpreter)  # It was given in the moment it was given up.
            else:
                self._leave(interpreter, granted)
            raise
        try:
            yield
        finally:
            self._release(interpreter)

    def _release(self, interpreter: str) -> None:
        self._at_work[interpreter] -= 1
        self._serve()

    def _leave(self, interpreter: str, granted: asyncio.Future[None]) -> None:
        waiting = self._waiting.get(interpreter, [])
        if granted in waiting:
            waiting.remove(granted)
        if not waiting:
            self._waiting.pop(interpreter, None)
        self._serve()

    def _serve(self) -> None:
        while self._waiting:
            first = next(iter(self._waiting))
            if first not in self._at_work and len(self._at_work) + len(self._parking) >= self._slots:
                break
            granted = [waiter for waiter in self._waiting.pop(first) if not waiter.done()]
            self._at_work[first] = self._at_work.get(first, 0) + len(granted)
            self._at_work.move_to_end(first)
            for waiter in granted:
                waiter.set_result(None)
        self._make_room()

    def _make_room(self) -> None:
        """Park idle workers: one for the first in the queue, and those that are beyond the number of places."""
        missing = len(self._at_work) + bool(self._waiting) - self._slots
        idle = [interpreter for interpreter, count in self._at_work.items() if not count]
        for interpreter in idle[: max(0, missing)]:
            del self._at_work[interpreter]
            task = self._tasks.run(f"ending the worker of {interpreter}", self._park_one(interpreter))
            self._parking.add(task)
            task.add_done_callback(self._parked)

    async def _park_one(self, interpreter: str) -> None:
        await self._park(interpreter)

    def _parked(self, task: asyncio.Task[None]) -> None:
        self._parking.discard(task)
        self._serve()  # A worker that could not be parked well is gone all the same.
