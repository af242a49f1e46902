"""What is made while the collector is paused is looked through, or left aside until there is much of it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from fxlens import collector
from fxlens.collector import NewObjects, collector_paused


class Ring:
    """Garbage that only the collector finds."""

    def __init__(self) -> None:
        self.ring = self


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


def settled(new: NewObjects, count: int) -> weakref.ref[Ring]:
    with collector_paused():
        alive = [[] for _ in range(count)]
        ring = weakref.ref(Ring())
        new.settle()
    assert len(alive) == count
    return ring


def test_garbage_among_a_few_new_objects_is_found() -> None:
    assert settled(NewObjects(), 10)() is None


def test_many_new_objects_are_left_aside_until_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "MOST_SCANNED", 1_000)
    monkeypatch.setattr(collector, "MOST_LEFT_ASIDE", 5_000)
    new = NewObjects()
    ring = settled(new, 3_000)
    settled(new, 2_000)
    assert ring() is not None
    assert gc.get_freeze_count() > 3_000
    assert settled(new, 3_000)() is None
    assert ring() is None
