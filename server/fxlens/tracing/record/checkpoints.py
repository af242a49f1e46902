"""Calls of ``torch.utils.checkpoint`` in a traced model: the nodes inside are marked, and stay what they are.

They have names. In the graph of an extractor they are put into a function
(:mod:`fxlens.tracing.extract.checkpointed`), unless the extractor returns a value from inside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import fx

from fxlens.graph import SourceLine

_INSIDE, _RESULTS = "fxlens_checkpoint", "fxlens_checkpoint_results"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """One call: the options of ``torch.utils.checkpoint.checkpoint``, where it stands, and in which other one."""

    options: dict[str, Any]
    source: SourceLine | None
    outer: Checkpoint | None

    def chain(self) -> Iterator[Checkpoint]:
        """This call, and those around it, from inside to outside."""
        at: Checkpoint | None = self
        while at is not None:
            yield at
            at = at.outer


def mark(node: fx.Node, checkpoint: Checkpoint) -> None:
    """Note that ``node`` was made inside ``checkpoint``."""
    node.meta[_INSIDE] = checkpoint


def around(node: fx.Node) -> list[Checkpoint]:
    """The calls that ``node`` was made inside of, from inside to outside."""
    inside = node.meta.get(_INSIDE)
    return list(inside.chain()) if inside is not None else []


def mark_results(graph: fx.Graph) -> None:
    """Note which nodes inside are used outside: these the checkpointed functions return."""
    for node in graph.nodes:
        checkpoints = around(node)
        if checkpoints:
            users = [set(around(user)) for user in node.users]
            node.meta[_RESULTS] = frozenset(each for each in checkpoints if any(each not in user for user in users))


def returned_by(node: fx.Node) -> frozenset[Checkpoint]:
    """The checkpoints that ``node`` was made inside of and is used outside of."""
    results: frozenset[Checkpoint] = node.meta.get(_RESULTS, frozenset())
    return results


def replace_result(old: fx.Node, new: fx.Node) -> None:
    """Note that ``new`` is a result of the checkpoints that ``old`` was a result of."""
    new.meta[_RESULTS] = returned_by(old)


VALUE_INSIDE = "a value from inside it is requested"
"""Why a checkpoint cannot be kept."""


def inner_nodes(graph: fx.Graph) -> Iterator[fx.Node]:
    """The nodes inside checkpoints that these do not return."""
    return (node for node in graph.nodes if not set(around(node)) <= returned_by(node))
