"""Commands that run in the process of the tests share workers."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from kept_workers import KeptWorkers

from fxlens.engine import workers

T = TypeVar("T")


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


def pytest_unconfigure() -> None:
    COMMANDS.end()


@pytest.fixture(autouse=True)
def share_workers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test of how workers start is marked ``own_worker``."""
    if not request.node.get_closest_marker("own_worker"):
        monkeypatch.setattr(workers, "WorkerClient", COMMANDS.kept.client)
        monkeypatch.setattr(asyncio, "run", COMMANDS.run)
