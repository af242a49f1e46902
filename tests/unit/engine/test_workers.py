"""Every change of a worker's state, with real processes; and that no other change is possible."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from engine_harness import PATIENCE

from fxlens.engine.analysis import WorkerState
from fxlens.engine.states import TRANSITIONS, TransitionError, changed
from fxlens.engine.worker_client import Listener
from fxlens.engine.workers import BlockedError, Worker
from fxlens.graph import Phase
from fxlens.worker.messages import Expression, Statement, TraceReply, TraceRequest

GOOD = TraceRequest("/nowhere/x.py", (Statement(0, "from torch import nn"),), Expression(1, "nn.ReLU()"), "fxlens")
SLEEPY = TraceRequest("/nowhere/x.py", (Statement(0, "import time"),), Expression(1, "time.sleep(1000)"), "fxlens")
SLOW = TraceRequest(
    "/nowhere/x.py",
    (Statement(0, "import time"), Statement(1, "from torch import nn")),
    Expression(2, "[time.sleep(3), nn.ReLU()][1]"),
    "fxlens",
)
ODD_WORKER = """\
import json, os, sys
def say(text): os.write(1, b"\\x1e%d\\n%b" % (len(text), text.encode()))
environment = {"python": "3", "executable": "x", "torch": "2", "torchvision": None, "timm": None, "pid": 1, "folders": []}
say(json.dumps({"method": "importing", "params": {"module": "torch"}}))
say(json.dumps({"method": "ready", "params": environment}))
odd = iter(['"result":{"graph":3}', '"result":{broken'])
while line := sys.stdin.buffer.readline():
    message = json.loads(sys.stdin.buffer.read(int(line[1:])))
    if message["method"] == "trace":
        os.write(1, b"printed by somebody")
        say('{"id":%d,%s}' % (message["id"], next(odd)))
    else:
        break
"""
NO_WAIT = (0.0, 0.0, 0.0)


class Watched:
    """A worker and its history."""

    def __init__(self, interpreter: str, idle_seconds: float = 600.0, back_off: tuple[float, ...] = NO_WAIT) -> None:
        self.history = ["stopped"]
        self.log: list[str] = []
        self.phases: list[Phase] = []
        self.names: list[TraceReply] = []
        self.news = asyncio.Event()
        self.worker = Worker(interpreter, "", idle_seconds, self._take, self.log.append, back_off=back_off)

    def _take(self, state: WorkerState) -> None:
        if state.status != self.history[-1]:
            self.history.append(state.status)
        self.news.set()

    def _phase(self, phase: Phase) -> None:
        self.phases.append(phase)
        self.news.set()

    def trace(self, request: TraceRequest = GOOD) -> asyncio.Task[object]:
        listener = Listener(lambda: None, self._phase, self.names.append)
        return asyncio.create_task(self.worker.trace(request, listener))

    def kill_when_built(self) -> asyncio.Task[object]:
        """A request that ends its worker whenever its model is being built."""

        def kill(phase: Phase) -> None:
            if phase == "build" and self.worker.pid:
                os.kill(self.worker.pid, signal.SIGKILL)

        return asyncio.create_task(self.worker.trace(SLEEPY, Listener(lambda: None, kill, self.names.append)))

    async def until(self, status: str) -> None:
        await self.until_true(lambda: self.worker.state.status == status)

    async def until_phase(self, phase: Phase) -> None:
        await self.until_true(lambda: phase in self.phases)

    async def until_true(self, holds: Callable[[], bool]) -> None:
        async def look() -> None:
            while not holds():
                self.news.clear()
                await self.news.wait()

        await asyncio.wait_for(look(), PATIENCE)


@pytest.fixture
async def made() -> AsyncIterator[list[Watched]]:
    workers: list[Watched] = []
    yield workers
    for watched in workers:
        await watched.worker.stop()
        assert watched.worker.pid is None


def watch(made: list[Watched], interpreter: str = sys.executable, **options: object) -> Watched:
    made.append(Watched(interpreter, **options))  # type: ignore[arg-type]
    return made[-1]


def fake(tmp_path: Path, instead: str) -> str:
    """An interpreter that answers the probe as the real one does, and does ``instead`` when started as a worker."""
    path = tmp_path / "python"
    path.write_text(f'#!/bin/sh\ncase "$1" in -c) exec {sys.executable} "$@";; esac\n{instead}\n')
    path.chmod(0o755)
    return str(path)


def say(method: str, **params: object) -> str:
    """A shell command that says ``method`` as a worker does."""
    return f"printf '\\036%s\\n%s' {shlex.join(encode_parts(method, params))}"


def encode_parts(method: str, params: object) -> tuple[str, str]:
    payload = json.dumps({"method": method, "params": params})
    return str(len(payload)), payload


async def test_from_stopped_to_ready_tracing_and_stopped(made: list[Watched]) -> None:
    watched = watch(made)
    await watched.trace()
    await watched.worker.stop()
    assert watched.history == ["stopped", "starting", "importing", "ready", "tracing", "ready", "stopped"]
    await watched.trace()
    assert watched.worker.state.status == "ready"


@pytest.mark.parametrize("status", ["starting", "importing", "tracing"])
async def test_stop_in_the_middle(made: list[Watched], status: str) -> None:
    watched = watch(made)
    task = watched.trace(SLEEPY)
    await watched.until(status)
    task.cancel()
    await watched.worker.stop()
    assert watched.history[-2:] == [status, "stopped"] or watched.history[-1] == "stopped"
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancelled_trace_leaves_the_worker_ready(made: list[Watched]) -> None:
    watched = watch(made)
    task = watched.trace(SLEEPY)
    await watched.until_phase("build")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert watched.history[-1] == "ready"
    await watched.trace()


@pytest.mark.parametrize(
    ("instead", "status"),
    [("exit 7", "starting"), ("kill -9 $$", "starting"), (f"{say('importing', module='torch')}; exit 7", "importing")],
)
async def test_a_crash_loop_ends_and_says_so(made: list[Watched], tmp_path: Path, instead: str, status: str) -> None:
    watched = watch(made, fake(tmp_path, instead))
    with pytest.raises(BlockedError, match="crashed 3 times in a row"):
        await watched.trace()
    assert watched.history.count("starting") == 3
    assert watched.history[-2:] == [status, "failed"]
    assert "restart" in watched.worker.state.reason
    # A restart by the user forgets the crashes.
    await watched.worker.stop()
    assert watched.history[-1] == "stopped"
    with pytest.raises(BlockedError):
        await watched.trace()
    assert watched.history.count("starting") == 6


async def test_the_wait_between_crashes_can_be_ended(made: list[Watched], tmp_path: Path) -> None:
    watched = watch(made, fake(tmp_path, "exit 7"), back_off=(0.0, 1000.0))
    task = watched.trace()
    await watched.until_true(lambda: "next try in 1000 s" in watched.worker.state.reason)
    task.cancel()
    await watched.worker.stop()
    assert watched.history[-2:] == ["failed", "stopped"]


async def test_a_worker_that_says_why_it_cannot_work(made: list[Watched], tmp_path: Path) -> None:
    watched = watch(made, fake(tmp_path, f"{say('failed', message='torch is broken here.')}; exit 3"))
    with pytest.raises(BlockedError, match="torch is broken here") as caught:
        await watched.trace()
    assert caught.value.failure.kind == "blocked"
    assert watched.history[-1] == "failed"


async def test_an_interpreter_that_vanishes(made: list[Watched], tmp_path: Path) -> None:
    interpreter = fake(tmp_path, f'exec {sys.executable} "$@"')
    watched = watch(made, interpreter)
    await watched.trace()
    await watched.worker.stop()
    Path(interpreter).unlink()
    with pytest.raises(BlockedError, match="There is no Python interpreter at"):
        await watched.trace()


async def test_a_request_that_ends_the_worker_every_time_is_blamed(made: list[Watched]) -> None:
    watched = watch(made)
    task = watched.trace(SLEEPY)
    for _ in range(2):
        await watched.until_phase("build")
        watched.phases.clear()
        assert watched.worker.pid
        os.kill(watched.worker.pid, signal.SIGKILL)
    reply = await task
    assert "ended 2 times" in str(reply)
    await watched.trace()
    assert watched.history[-1] == "ready"


async def test_two_traces_that_lose_their_worker_count_as_one_crash(made: list[Watched]) -> None:
    watched = watch(made, back_off=(0.0, 0.0, 0.0))
    tasks = [watched.trace(SLEEPY), watched.trace(SLEEPY)]
    await watched.until_true(lambda: watched.phases.count("build") == 2)
    assert watched.worker.pid
    os.kill(watched.worker.pid, signal.SIGKILL)
    await watched.until_true(lambda: watched.phases.count("build") == 3)  # One after the other, from now on.
    assert watched.history == [
        "stopped", "starting", "importing", "ready", "tracing", "failed", "starting", "importing", "ready", "tracing",
    ]  # fmt: skip
    for task in tasks:
        task.cancel()
    assert all(isinstance(one, asyncio.CancelledError) for one in await asyncio.gather(*tasks, return_exceptions=True))
    await watched.until("ready")


async def test_a_worker_that_dies_with_a_cancelled_request_is_started_again(made: list[Watched]) -> None:
    """The end of the worker is heard in the very moment in which its only request is cancelled."""
    watched = watch(made)
    task = watched.trace(SLEEPY)
    await watched.until_phase("build")
    client = watched.worker._client
    assert client
    heard = client._on_end

    def cancel_too() -> None:
        task.cancel()
        heard()

    client._on_end = cancel_too
    assert client.pid
    os.kill(client.pid, signal.SIGKILL)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert watched.history[-1] == "failed"
    assert "graph=ModelGraph" in str(await watched.trace())


async def test_of_two_requests_the_guilty_one_is_blamed(made: list[Watched]) -> None:
    """Whenever the guilty request is being built, its worker ends; the other one gets its answer all the same."""
    watched = watch(made, back_off=(0.0, 0.0))
    innocent = watched.trace(SLOW)
    await watched.until_phase("build")
    assert "ended 2 times" in str(await watched.kill_when_built())
    assert "graph=ModelGraph" in str(await innocent)
    # However often it happens, no other file is kept waiting or blocked.
    assert "ended 2 times" in str(await watched.kill_when_built())
    assert "graph=ModelGraph" in str(await watched.trace())


async def test_a_message_that_cannot_be_read_fails_one_request(made: list[Watched], tmp_path: Path) -> None:
    """The worker says something that is not an answer to request 1, and goes on."""
    watched = watch(made, fake(tmp_path, f'exec {sys.executable} {tmp_path / "worker.py"} "$@"'))
    (tmp_path / "worker.py").write_text(ODD_WORKER)
    first, second = watched.trace(), watched.trace()
    assert "cannot be read" in str(await first)
    assert "cannot be read" in str(await second)
    assert watched.history[-1] == "ready"
    assert [line for line in watched.log if "cannot be read" in line]


async def count_of_lines(path: Path, count: int) -> None:
    """Return when that many lines stand in the file; nothing tells of it."""
    while not path.exists() or path.read_text().count("\n") < count:
        await asyncio.sleep(0.01)


async def test_a_daemon_that_holds_the_workers_pipes_delays_nothing(made: list[Watched], tmp_path: Path) -> None:
    """What an imported package leaves behind in a session of its own inherits what the worker prints to."""
    pids = tmp_path / "pids"
    daemon = f"import os, time; os.setsid(); print(os.getpid(), file=open({str(pids)!r}, 'a')); time.sleep(1000)"
    command = shlex.join([sys.executable, "-c", daemon])
    watched = watch(made, fake(tmp_path, f'{command} &\nexec {sys.executable} {tmp_path / "worker.py"} "$@"'))
    (tmp_path / "worker.py").write_text(ODD_WORKER)
    try:
        await watched.trace()
        await asyncio.wait_for(count_of_lines(pids, 1), PATIENCE)
        assert watched.worker.pid
        os.kill(watched.worker.pid, signal.SIGKILL)
        await watched.until("stopped")
        await watched.trace()
        await asyncio.wait_for(count_of_lines(pids, 2), PATIENCE)
        await asyncio.wait_for(watched.worker.stop(), PATIENCE)
    finally:
        for pid in pids.read_text().split():
            os.kill(int(pid), signal.SIGKILL)


def test_every_other_transition_is_refused() -> None:
    refused = 0
    for before, after in TRANSITIONS.items():
        for status in TRANSITIONS:
            state = WorkerState(before, "")
            if status == before or status in after:
                assert changed(state, status, "why").reason == "why"
            else:
                refused += 1
                with pytest.raises(TransitionError):
                    changed(state, status, "why")
    assert refused > 10
