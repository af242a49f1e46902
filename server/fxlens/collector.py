"""Python's garbage collector, held back while much is made and next to nothing becomes garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the collector from scanning, again and again, what grows and is all alive: a graph, an analysis, an import.

    It runs again on leaving if it ran before, so pauses may be nested.

    Example:
        >>> with collector_paused():
        ...     gc.isenabled()
        False
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


MOST_SCANNED = 200_000
"""How many new objects are looked through for garbage at once: for some tens of milliseconds no thread goes on then."""
MOST_LEFT_ASIDE = 2_000_000


class NewObjects:
    """What was made while the collector was paused: looked through at a moment of our choice, not at the next request.

    The collector stops all threads for as long as it takes. Too many new objects, most of which are alive, are left
    aside, as :mod:`fxlens.lsp.garbage` leaves old ones, until it collects, or so many have come that memory matters.
    """

    def __init__(self) -> None:
        self._left_aside = 0
        self._largest = 0

    def settle(self) -> None:
        """Call this before the collector runs again."""
        count = gc.get_count()[0]
        if count <= MOST_SCANNED:
            gc.collect(0)
            return
        self._left_aside += count
        self._largest = max(self._largest, count)  # What is made first of a text stays alive: it does not count.
        if self._left_aside > max(MOST_LEFT_ASIDE, 2 * self._largest):
            self._left_aside = 0
            gc.unfreeze()
            gc.collect()
        gc.freeze()
