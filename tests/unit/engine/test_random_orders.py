"""Requests, cancellations, dying workers and stops in random orders: every request ends, and the next is answered.

``FXLENS_RANDOM_ORDERS`` is how many orders of each kind are tried; each is found again by its number.
"""

from __future__ import annotations

import asyncio
import functools
import os
import random
from pathlib import Path

import pytest
from engine_harness import PATIENCE, Desk
from random_engine import ANSWER, MOODS, kill, quick_interpreter, set_mood, some_turns, workers_of
from test_workers import Watched

from fxlens.engine import traces
from fxlens.engine.workers import BlockedError, Worker
from fxlens.worker.messages import Expression, TraceReply, TraceRequest

ORDERS = range(int(os.environ.get("FXLENS_RANDOM_ORDERS", "2")))
ROUNDS, STEPS = 4, 20
KINDS = ("Answer", "Wait", "Die", "Odd")
NO_WAIT = (0.0,) * 1000
pytestmark = pytest.mark.own_worker


def request(kind: str) -> TraceRequest:
    return TraceRequest("/nowhere/x.py", (), Expression(1, f"nn.{kind}()"), "fxlens")


class RandomWorker:
    """One worker, and what happens to it."""

    steps = ("trace", "trace", "trace", "cancel", "cancel", "kill", "stop", "rest", "mood", "hear")

    def __init__(self, dice: random.Random, folder: Path) -> None:
        self.dice = dice
        self.interpreter = quick_interpreter(folder / "quick")
        self.watched = Watched(self.interpreter, back_off=NO_WAIT)
        self.tasks: dict[asyncio.Task[object], str] = {}
        self.cancelled: set[asyncio.Task[object]] = set()
        self.stops: list[asyncio.Task[None]] = []

    async def step(self) -> None:
        await getattr(self, self.dice.choice(self.steps))()
        await some_turns(self.dice.randrange(6))

    async def trace(self) -> None:
        kind = self.dice.choice(KINDS)
        self.tasks[self.watched.trace(request(kind))] = kind

    async def cancel(self) -> None:
        if self.tasks:
            self._cancel(self.dice.choice(list(self.tasks)))

    def _cancel(self, task: asyncio.Task[object]) -> None:
        if not task.done():
            self.cancelled.add(task)
            task.cancel()

    async def kill(self) -> None:
        kill(self.watched.worker.pid)

    async def stop(self) -> None:
        self.stops.append(asyncio.create_task(self.watched.worker.stop()))

    async def rest(self) -> None:
        self.watched.worker._go_to_rest()

    async def mood(self) -> None:
        set_mood(self.interpreter, self.dice.choice(MOODS))

    async def hear(self) -> None:
        """Wait for the worker's next state, where one must come."""
        self.watched.news.clear()
        running = self.tasks.keys() - self.cancelled
        if any(not task.done() for task in running) and self.watched.worker.state.status in ("starting", "importing"):
            await asyncio.wait_for(self.watched.news.wait(), PATIENCE)

    async def check(self) -> None:
        """What runs until it is cancelled is cancelled, and all else ends by itself."""
        set_mood(self.interpreter, "well")
        for task, kind in self.tasks.items():
            if kind == "Wait":
                self._cancel(task)
        results = await asyncio.wait_for(asyncio.gather(*self.tasks, return_exceptions=True), PATIENCE)
        for task, result in zip(self.tasks, results, strict=True):
            if isinstance(result, asyncio.CancelledError):
                assert task in self.cancelled
            else:
                assert isinstance(result, TraceReply | BlockedError), result
        await asyncio.wait_for(asyncio.gather(*self.stops), PATIENCE)
        self.tasks, self.stops = {}, []
        await self.watched.worker.stop()  # It forgets what it was told of the interpreter.
        assert await asyncio.wait_for(self.watched.trace(request("Answer")), PATIENCE) == ANSWER
        assert self.watched.worker.state.status == "ready"
        assert [process.pid for process in workers_of(self.interpreter)] == [self.watched.worker.pid]


@pytest.mark.parametrize("number", ORDERS)
async def test_a_worker_in_a_random_order(number: int, tmp_path: Path) -> None:
    trial = RandomWorker(random.Random(number), tmp_path)
    for _ in range(ROUNDS):
        for _ in range(STEPS):
            await trial.step()
        await trial.check()
    await trial.watched.worker.stop()
    assert trial.watched.worker.state.status == "stopped"
    assert not workers_of(trial.interpreter)
    assert not [line for line in trial.watched.log if "internal" in line]


HEAD = "from torch import nn\nfrom torchvision.models.feature_extraction import create_feature_extractor\n"


class RandomEngine:
    """An engine with three interpreters and a place for one or two of them, and what happens to it."""

    steps = (
        "open", "open", "change", "change", "change", "close", "cancel", "kill", "restart", "give_up", "configure",
        "configure", "mood", "hear",
    )  # fmt: skip

    def __init__(self, dice: random.Random, folder: Path) -> None:
        self.dice = dice
        self.interpreters = [quick_interpreter(folder / name) for name in ("first", "second", "third")]
        self.desk = Desk(folder)
        self.desk.configure(default_interpreter=self.interpreters[0], cache_folder=str(folder / "cache"), max_workers=1)
        self.uris: set[str] = set()
        self.waiting: list[asyncio.Task[None]] = []
        self.version = 0

    async def step(self) -> None:
        self.version += 1
        await getattr(self, self.dice.choice(self.steps))()
        await some_turns(self.dice.randrange(6))

    def source(self, kinds: tuple[str, ...] = KINDS) -> str:
        asked = [self.dice.choice(kinds) for _ in range(self.dice.randrange(1, 4))]
        return HEAD + "".join(f"create_feature_extractor(nn.{kind}({at}), ['0'])\n" for at, kind in enumerate(asked))

    async def open(self) -> None:
        self.uris.add(self.desk.open(self.source(), f"{self.dice.randrange(4)}.py", self.version))

    async def change(self) -> None:
        if self.uris:
            self.desk.engine.change(self.dice.choice(sorted(self.uris)), self.source(), self.version)

    async def close(self) -> None:
        if self.uris:
            uri = self.dice.choice(sorted(self.uris))
            self.uris.discard(uri)
            self.waiting.append(asyncio.create_task(self.desk.engine.settled(uri)))
            await some_turns(1)
            self.desk.engine.close(uri)

    async def cancel(self) -> None:
        if self.desk.progress:
            self.desk.engine.cancel(self.dice.choice(self.desk.progress[-5:]).key)

    async def kill(self) -> None:
        for pid in self.desk.engine.worker_pids():
            kill(pid)

    async def restart(self) -> None:
        self.waiting.append(asyncio.create_task(self.desk.engine.restart()))

    async def give_up(self) -> None:
        """Cancel a restart, or who waits for a document, as a client may."""
        if self.waiting:
            self.dice.choice(self.waiting).cancel()

    async def configure(self) -> None:
        interpreter, places = self.dice.choice(self.interpreters), self.dice.choice((1, 1, 2))
        trusted = self.dice.random() < 0.9
        self.desk.configure(default_interpreter=interpreter, max_workers=places, trusted=trusted)

    async def mood(self) -> None:
        set_mood(self.dice.choice(self.interpreters), self.dice.choice(MOODS))

    async def hear(self) -> None:
        """Wait until something is said, where something must be: a trace that has not begun."""
        before = len(self.desk.progress)
        if self.desk.engine._traces._turns._at_work and self.desk.phases and self.desk.phases[-1][1] == "start":
            await self.desk.until(lambda: len(self.desk.progress) > before)

    async def check(self) -> None:
        """Every document settles, with what its models really say."""
        for interpreter in self.interpreters:
            set_mood(interpreter, "well")
        self.desk.configure(trusted=True)
        for uri in self.uris:
            self.desk.engine.change(uri, self.source(("Answer", "Die", "Odd")), self.version)
        await asyncio.wait_for(asyncio.gather(*self.waiting, return_exceptions=True), PATIENCE)
        self.waiting = []
        await asyncio.wait_for(self.desk.engine.restart(), PATIENCE)  # It forgets what was blocked.
        for uri in self.uris:
            await self.desk.settled(uri)
            analysis = self.desk.engine.analysis(uri)
            assert analysis
            for model in (model for call in analysis.calls for model in call.models):
                assert model.failure
                name = model.slice.model.split("(")[0].removeprefix("nn.")
                assert model.failure.kind == {"Answer": "Answered", "Die": "crash", "Odd": "answer"}[name]


@pytest.mark.parametrize("number", ORDERS)
async def test_an_engine_in_a_random_order(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "Worker", functools.partial(Worker, back_off=NO_WAIT[:4]))
    trial = RandomEngine(random.Random(number), tmp_path)
    for _ in range(ROUNDS):
        for _ in range(STEPS):
            await trial.step()
        await trial.check()
    await trial.desk.close()
    assert not workers_of(*trial.interpreters)
    assert not [line for line in trial.desk.log if "internal" in line]
