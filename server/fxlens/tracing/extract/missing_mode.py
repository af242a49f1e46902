"""The graph of a mode in which an extractor cannot run: it says why, and what to do."""

from __future__ import annotations

from typing import Any

from torch import fx

from fxlens.tracing.torch_private import keep_calls_of


def missing_mode(other: fx.Graph, reason: str) -> fx.Graph:
    """A graph with the inputs of ``other``, the graph of the other mode, that raises when it runs."""
    graph = fx.Graph()
    for node in other.nodes:
        if node.op == "placeholder":
            graph.node_copy(node)
    graph.output(graph.call_function(refuse, (reason,)))
    return graph


def refuse(reason: str) -> Any:
    """Raise ``RuntimeError`` with ``reason``."""
    raise RuntimeError(reason)


keep_calls_of(refuse)
