"""What is derived from a graph: made once, and kept on the graph itself, so that it ends with it.

A cache of our own was rejected: it held dozens of graphs that nobody showed any more, and hashing 10 000 nodes to look
one up would cost milliseconds at every keystroke.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def kept_on(graph: object, name: str, make: Callable[[], T]) -> T:
    """What ``make`` returns, made when it is first requested under ``name``.

    What ``functools.cached_property`` does, for a class that may not know of what is derived from it.
    """
    kept = vars(graph)
    if name not in kept:
        kept[name] = make()
    made: T = kept[name]
    return made
