"""When Python looks for garbage: while the user rests, not between two keystrokes.

A graph of ten thousand nodes is some hundred thousand objects. Left alone, the collector walks over all of them when it
sees fit, for 40 to 60 ms, and a completion list that is due just then waits for it. So it walks once after a graph has
come, and leaves aside what it found alive.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterable

from fxlens.graph import ModelGraph

REST_SECONDS = 1.0
"""For how long nothing must have been published: longer than a pause between two letters."""


class Collector:
    """Collects once for every new graph, ``seconds`` after the last call of ``take``."""

    def __init__(self, seconds: float = REST_SECONDS) -> None:
        self._seconds = seconds
        self._newest = -1
        self._timer: asyncio.TimerHandle | None = None

    def take(self, graphs: Iterable[ModelGraph]) -> None:
        """Something was published that shows these graphs."""
        newest = max((graph.revision for graph in graphs), default=-1)
        if newest > self._newest or self._timer:
            self._newest = max(newest, self._newest)
            if self._timer:
                self._timer.cancel()
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._collect)

    def _collect(self) -> None:
        self._timer = None
        # Thawed first: a cycle that was alive the last time would otherwise never be freed.
        gc.unfreeze()
        gc.collect()
        gc.freeze()
