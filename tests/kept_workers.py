"""Worker processes that are kept from one test to the next: each start would import torch anew."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from fxlens.engine.worker_client import WorkerClient
from fxlens.worker.messages import Environment

T = TypeVar("T")
PYTEST_NAME = "PYTEST_CURRENT_TEST"
MOST_KEPT = 2
"""A worker holds torch, in some 300 MB."""


class KeptWorkers:
    """Real worker processes, each of which serves one engine after another as it serves one file after another.

    A worker belongs to the event loop that started it. It is handed only to an engine with the same interpreter and
    environment, in the same loop.
    """

    def __init__(self) -> None:
        self._idle: dict[Any, KeptClient] = {}

    def client(
        self,
        interpreter: str,
        on_log: Callable[[str], None],
        on_end: Callable[[], None],
        scratch_root: str | None = None,
    ) -> WorkerClient:
        environment = {name: value for name, value in os.environ.items() if name != PYTEST_NAME}
        key = (asyncio.get_running_loop(), interpreter, scratch_root, tuple(sorted(environment.items())))
        kept = self._idle.pop(key, None)
        if kept is None or kept.exit_code is not None:
            return KeptClient(self, key, interpreter, on_log, on_end, scratch_root)
        kept.hand_to(on_log, on_end)
        return kept

    @property
    def pids(self) -> set[int]:
        return {client.pid for client in self._idle.values() if client.pid is not None}

    async def keep(self, key: Any, client: KeptClient) -> None:
        self._idle[key] = client
        while len(self._idle) > MOST_KEPT:
            await self._idle.pop(next(iter(self._idle))).end()

    async def end(self) -> None:
        while self._idle:
            await self._idle.popitem()[1].end()


class KeptClient(WorkerClient):
    def __init__(self, keeper: KeptWorkers, key: Any, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._keeper = keeper
        self._key = key

    def hand_to(self, on_log: Callable[[str], None], on_end: Callable[[], None]) -> None:
        self._on_log, self._on_end = on_log, on_end

    async def start(self, on_importing: Callable[[str], None]) -> Environment:
        if self.pid is None:
            return await super().start(on_importing)
        self._on_importing = on_importing
        on_importing("torch")  # A worker that starts says so before it is ready.
        return self._ready.result()

    async def stop(self) -> None:
        """Keep a worker that is ready and at rest; end any other."""
        at_rest = self._ready.done() and self._ready.exception() is None and not self._waiting
        if at_rest and self.exit_code is None:
            self.hand_to(lambda _: None, lambda: None)
            await self._keeper.keep(self._key, self)
        else:
            await super().stop()

    async def end(self) -> None:
        await super().stop()


class Commands:
    """What runs the commands: one event loop for all, since a worker belongs to a loop.

    One for the process, made when it is needed: a fixture of the session would have xdist run all tests in one process.
    """

    def __init__(self) -> None:
        self.kept = KeptWorkers()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What ``asyncio.run`` does, but the loop stays."""
        self._loop = self._loop or asyncio.new_event_loop()
        return self._loop.run_until_complete(work)

    def end(self) -> None:
        if self._loop is not None:
            self._loop.run_until_complete(self.kept.end())
            self._loop.close()


COMMANDS = Commands()
