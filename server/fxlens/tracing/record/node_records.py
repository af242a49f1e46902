"""What a tracer notes of nodes and of calls of modules, and the stack that it needs for these."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from torch import fx

from fxlens.graph import Columns, SourceLine
from fxlens.tracing.record.forward_lines import RunningExpression

_FRAMES_PER_LEVEL = 12
_HIGHEST_LIMIT = 2**31 - 1
"""Python frames that tracing may put on the stack for one level of module nesting (it is 6 in torch 2.13)."""


class NodeOrigin(NamedTuple):
    """Where a node was made: the path of the module whose ``forward`` ran (``""`` is the root), and the expression."""

    scope: str
    source: SourceLine | None
    span: Columns | None = None


class ModuleCall(NamedTuple):
    """One call of a module while tracing.

    ``returned`` is what it returned, as a structure of nodes (:mod:`fxlens.tracing.record.structures`).
    ``last`` is the last node made before it returned. ``caller`` is the path of the module whose ``forward`` called it.
    ``site`` is where that call stands, of a module that is not one node.
    """

    path: str
    returned: Any
    last: fx.Node | None
    caller: str = ""
    site: RunningExpression = RunningExpression(None)


@contextmanager
def room_on_the_stack(levels: int) -> Iterator[None]:
    """Let modules nest as deeply while they are traced as they may when they run: tracing needs twice the frames."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(min(max(limit, limit + levels * _FRAMES_PER_LEVEL), _HIGHEST_LIMIT))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
