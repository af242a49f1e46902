"""The server ends with its client, and after a clean exit that gets stuck."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from queue import Queue

import pytest

from fxlens.lsp import watchdog


class Ended(BaseException):
    """Instead of the end of the process of the tests."""


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the watchdog slept, which take no time here."""
    slept: list[float] = []

    def end(code: int) -> None:
        raise Ended(code)

    monkeypatch.setattr(watchdog.os, "_exit", end)
    monkeypatch.setattr(watchdog.time, "sleep", slept.append)
    return slept


def dead() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_server_ends_when_its_client_has_gone(sleeps: list[float]) -> None:
    with pytest.raises(Ended, match="1"):
        watchdog._watch(dead(), os.getppid())
    assert sleeps == [1.0]


@pytest.mark.parametrize("process_id", [None, os.getpid()], ids=["unnamed client", "living client"])
def test_the_server_ends_when_its_parent_is_another(sleeps: list[float], process_id: int | None) -> None:
    with pytest.raises(Ended, match="1"):
        watchdog._watch(process_id, os.getppid() + 1)
    assert sleeps == [1.0]


def test_a_client_that_lives_is_watched_on(monkeypatch: pytest.MonkeyPatch, sleeps: list[float]) -> None:
    alive = iter([True, True, False])
    monkeypatch.setattr(watchdog, "_alive", lambda _: next(alive))
    with pytest.raises(Ended):
        watchdog._watch(1, os.getppid())
    assert sleeps == [1.0, 1.0, 1.0]


def test_a_process_of_somebody_else_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(process_id: int, signal: int) -> None:
        assert (process_id, signal) == (1, 0)
        raise PermissionError

    assert watchdog._alive(os.getpid())
    assert not watchdog._alive(dead())
    monkeypatch.setattr(watchdog.os, "kill", refuse)
    assert watchdog._alive(1)


def test_the_parent_is_watched_aside_by_a_thread_that_keeps_nothing_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    watched: Queue[tuple[int | None, int, str, bool]] = Queue()

    def watch(process_id: int | None, parent: int) -> None:
        thread = threading.current_thread()
        watched.put((process_id, parent, thread.name, thread.daemon))

    monkeypatch.setattr(watchdog, "_watch", watch)
    watchdog.watch_parent(7)
    assert watched.get(timeout=60) == (7, os.getppid(), "parent watchdog", True)


def test_an_exit_that_gets_stuck_is_made_after_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    happened: Queue[object] = Queue()
    go_on = threading.Event()

    def sleep(seconds: float) -> None:
        thread = threading.current_thread()
        happened.put((seconds, thread.name, thread.daemon))
        go_on.wait(60)

    monkeypatch.setattr(watchdog.time, "sleep", sleep)
    monkeypatch.setattr(watchdog.os, "_exit", happened.put)
    watchdog.exit_soon(7)
    assert happened.get(timeout=60) == (2.0, "exit watchdog", True)
    assert happened.empty()
    go_on.set()
    assert happened.get(timeout=60) == 7
