"""The rounds of loops: which one is gone through, and what its names are in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from fxlens.source.literals import Item, inner_binding
from fxlens.source.tree import Node, children, leaves
from fxlens.source.worlds import World


class Rounds:
    """What the names of loops are: chosen by the world for ``for`` statements, else set for a moment."""

    def __init__(self, world: World | None) -> None:
        self.world = world
        self.bound: dict[int, Item] = {}
        """What names are at this moment, by the ids of the leaves that bind them."""
        self.tables: dict[int, dict[object, Node] | None] = {}
        """The entries of dict displays whose keys are literals, by the displays' ids: loops look up many of them."""

    def round_of(self, loop: Node) -> int | None:
        """The number of the round, from 0, that is gone through in this world."""
        return self.world.arms.get(loop.start_pos) if self.world is not None else None

    def bound_item(self, name: Node) -> Item | None:
        """What a name is that a comprehension or a lambda around it binds; ``None`` also where that is not known."""
        leaf = inner_binding(name)
        return self.bound.get(id(leaf)) if leaf is not None else None

    @contextmanager
    def binding(self, bound: Mapping[int, Item]) -> Iterator[None]:
        """For a moment, the names of loops are what ``bound`` says, by the ids of the leaves that bind them."""
        outer, self.bound = self.bound, {**self.bound, **bound}
        try:
            yield
        finally:
            self.bound = outer

    def is_bound(self, loop: Node) -> bool:
        """Whether the names of a ``for`` are known at this moment, or chosen in this world."""
        names = [leaf for leaf in leaves(children(loop)[1]) if leaf.type == "name"]
        return self.round_of(loop) is not None or any(id(name) in self.bound for name in names)
