"""Python looks for garbage once after a graph has come, and what was found alive then costs nothing any more."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable, Iterator

import pytest

from fxlens.graph import ModelGraph
from fxlens.lsp.garbage import Collector


class Cycle:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def collected() -> Iterator[Callable[[], int]]:
    """Tells how many whole collections there were; Python starts none itself meanwhile."""
    count = 0

    def note(phase: str, info: dict[str, int]) -> None:
        nonlocal count
        count += phase == "stop" and info["generation"] == 2

    gc.disable()
    gc.callbacks.append(note)
    yield lambda: count
    gc.callbacks.remove(note)
    gc.unfreeze()
    gc.enable()


def graph() -> ModelGraph:
    return ModelGraph("Net", "torchvision", None, None, ())


async def rest() -> None:
    """Until a timer set after the collector's has run."""
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(0.02, over.set)
    await over.wait()


def test_a_burst_of_new_graphs_is_followed_by_one_collection(collected: Callable[[], int]) -> None:
    async def burst() -> None:
        collector = Collector(seconds=0.01)
        known = graph()
        for _ in range(3):
            collector.take([known, graph()])
        await rest()

    asyncio.run(burst())
    assert collected() == 1
    assert gc.get_freeze_count() > 0


def test_a_known_graph_is_no_reason(collected: Callable[[], int]) -> None:
    async def again() -> None:
        collector = Collector(seconds=0.01)
        known = graph()
        collector.take([known])
        await rest()
        collector.take([known])
        collector.take([])
        await rest()

    asyncio.run(again())
    assert collected() == 1


def test_what_was_alive_then_is_freed_later(collected: Callable[[], int]) -> None:
    async def drop_between() -> bool:
        collector = Collector(seconds=0.01)
        cycle = Cycle()
        alive = weakref.ref(cycle)
        collector.take([graph()])
        await rest()
        del cycle
        collector.take([graph()])
        await rest()
        return alive() is None

    assert asyncio.run(drop_between())
    assert collected() == 2
