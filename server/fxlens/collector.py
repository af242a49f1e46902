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
