"""Who may run when there are more interpreters than places."""

from __future__ import annotations

import asyncio

from fxlens.engine.tasks import Tasks
from fxlens.engine.turns import Turns


class Stage:
    """Interpreters named by letters, and what happened to them in order."""

    def __init__(self, places: int) -> None:
        self.story: list[str] = []
        self.turns = Turns(places, self._park, Tasks(print))
        self._ends: dict[str, asyncio.Event] = {}

    async def _park(self, interpreter: str) -> None:
        self.story.append(f"park {interpreter}")
        await asyncio.sleep(0)

    def ask(self, name: str) -> asyncio.Task[None]:
        """``name`` is an interpreter and, for several requests of it, a digit."""
        self._ends[name] = asyncio.Event()
        return asyncio.create_task(self._ask(name))

    async def _ask(self, name: str) -> None:
        async with self.turns.turn(name[0], lambda: self.story.append(f"wait {name}")):
            self.story.append(f"run {name}")
            await self._ends[name].wait()

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await settle()


async def settle() -> None:
    """Let every task go on as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_nobody_waits_while_there_are_places() -> None:
    stage = Stage(2)
    tasks = [stage.ask("a1"), stage.ask("b1"), stage.ask("a2")]
    await settle()
    assert stage.story == ["run a1", "run b1", "run a2"]
    for name in ("a1", "a2", "b1"):
        await stage.end(name)
    await asyncio.gather(*tasks)
    assert "park" not in str(stage.story)


async def test_the_idle_worker_used_least_recently_makes_room() -> None:
    stage = Stage(2)
    for name in ("a1", "b1", "a2"):
        stage.ask(name)
        await settle()
        await stage.end(name)
    stage.story.clear()
    stage.ask("c1")
    await settle()
    assert stage.story == ["wait c1", "park b", "run c1"]


async def test_those_who_wait_are_served_in_turn_and_the_busy_one_queues_behind() -> None:
    stage = Stage(1)
    for name in ("a1", "b1", "c1"):
        stage.ask(name)
    await settle()
    stage.ask("a2")  # a runs, but b and c waited first.
    stage.ask("b2")
    await settle()
    assert stage.story == ["run a1", "wait b1", "wait c1", "wait a2", "wait b2"]
    stage.story.clear()
    await stage.end("a1")
    assert stage.story == ["park a", "run b1", "run b2"]
    await stage.end("b1")
    assert stage.story[3:] == []
    await stage.end("b2")
    assert stage.story[3:] == ["park b", "run c1"]
    await stage.end("c1")
    assert stage.story[5:] == ["park c", "run a2"]


async def test_one_who_gives_up_leaves_the_queue() -> None:
    stage = Stage(1)
    stage.ask("a1")
    await settle()
    gone = stage.ask("b1")
    stage.ask("c1")
    await settle()
    gone.cancel()
    await settle()
    await stage.end("a1")
    assert stage.story == ["run a1", "wait b1", "wait c1", "park a", "run c1"]


async def test_giving_up_in_the_moment_of_being_served_frees_the_place() -> None:
    stage = Stage(1)
    stage.ask("a1")
    await settle()
    gone = stage.ask("a2")  # Served at once, and cancelled before it could run.
    await asyncio.sleep(0)
    gone.cancel()
    await settle()
    stage.ask("b1")
    await settle()
    await stage.end("a1")
    assert stage.story[-2:] == ["park a", "run b1"]


async def test_fewer_places_park_what_is_idle_at_once_and_the_rest_later() -> None:
    stage = Stage(3)
    for name in ("a1", "b1", "c1"):
        stage.ask(name)
    await settle()
    await stage.end("a1")
    stage.turns.set_places(1)
    await settle()
    assert stage.story[3:] == ["park a"]
    await stage.end("b1")
    await settle()
    assert stage.story[3:] == ["park a", "park b"]
