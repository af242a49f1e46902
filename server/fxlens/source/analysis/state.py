"""The memory of an abstract run: what names, attributes and containers hold, and the condition of being there.

A fork records only what it changes; where paths meet, only that is joined, so a branch costs what is done in it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from fxlens.source.alternatives import joined, under
from fxlens.source.conditions import conjunction
from fxlens.source.values import ALWAYS, Alternatives, Condition, Container, Item, Literal

if TYPE_CHECKING:
    from fxlens.source.analysis.events import Event

Key: TypeAlias = Hashable


@dataclass(frozen=True)
class Binding:
    """What a name or an attribute holds, and the events that gave it that."""

    alternatives: Alternatives
    events: frozenset[Event] = frozenset()


@dataclass(frozen=True)
class Stored:
    """A container, and the events that made and changed it."""

    container: Container
    events: frozenset[Event] = frozenset()


Cell: TypeAlias = Binding | Stored


class State:
    """Memory below a condition; ``base`` is the state it was forked from."""

    def __init__(self, base: State | None = None, condition: Condition = ALWAYS) -> None:
        self.base = base
        self.condition = condition
        self.own: dict[Key, Cell] = {}

    def get(self, key: Key) -> Cell | None:
        state: State | None = self
        while state is not None:
            cell = state.own.get(key)
            if cell is not None:
                return cell
            state = state.base
        return None

    def binding(self, key: Key) -> Binding | None:
        cell = self.get(key)
        return cell if isinstance(cell, Binding) else None

    def stored(self, key: Key) -> Stored | None:
        cell = self.get(key)
        return cell if isinstance(cell, Stored) else None

    def attributes(self, owner: int) -> dict[str, Binding]:
        """What is set of an object, by name."""
        bindings: dict[str, Binding] = {}
        for state in reversed(self._chain(None)):
            for key, cell in state.own.items():
                if isinstance(key, tuple) and key[0] == owner and isinstance(key[1], str) and isinstance(cell, Binding):
                    bindings[key[1]] = cell
        return bindings

    def _chain(self, until: State | None) -> list[State]:
        """This state and those below it, as far as ``until``."""
        chain: list[State] = []
        state: State | None = self
        while state is not None and state is not until:
            chain.append(state)
            state = state.base
        return chain

    def set(self, key: Key, cell: Cell) -> None:
        self.own[key] = cell

    def fork(self, literals: Iterable[Literal] = ()) -> State | None:
        """A state for a path on which ``literals`` hold; nothing if none leads there."""
        condition = conjunction(self.condition, frozenset(literals))
        return None if condition is None else State(self, condition)

    def snapshot(self, until: State) -> State:
        """The changes since ``until`` as one state above it, which later changes in between do not touch."""
        flat = State(until, self.condition)
        for each in reversed(self._chain(until)):
            flat.own.update(each.own)
        return flat

    def merge(self, forks: list[State]) -> None:
        """Go on where ``forks`` of this state meet."""
        before = self.condition
        if len(forks) == 1:
            self.own.update(forks[0].own)
            self.condition = forks[0].condition
            return
        conditions = [fork.condition - before for fork in forks]
        changed: dict[Key, dict[int, Cell]] = {}
        for at, fork in enumerate(forks):
            for key, cell in fork.own.items():
                changed.setdefault(key, {})[at] = cell
        merged = {key: _meet(self._sides(self.get(key), cells, conditions)) for key, cells in changed.items()}
        self.own.update(merged)
        self.condition = frozenset.intersection(*(fork.condition for fork in forks))

    @staticmethod
    def _sides(
        held: Cell | None, changed: dict[int, Cell], conditions: list[Condition]
    ) -> list[tuple[Cell, Condition]]:
        """What a key holds on each of the paths that meet; those that know nothing of it are left out.

        Most of what n branches make is known to one of them only: looked up in all, it would cost n² steps.
        """
        if held is None:
            return [(cell, conditions[at]) for at, cell in changed.items()]
        return [(changed.get(at, held), condition) for at, condition in enumerate(conditions)]


def _meet(present: list[tuple[Cell, Condition]]) -> Cell:
    first = present[0][0]
    if all(cell == first for cell, _ in present):
        return first
    events = frozenset().union(*(cell.events for cell, _ in present))
    if isinstance(first, Stored):
        containers = [(cell.container, condition) for cell, condition in present if isinstance(cell, Stored)]
        return Stored(_meet_containers(containers), events)
    sides = [under(cell.alternatives, condition) for cell, condition in present if isinstance(cell, Binding)]
    return Binding(joined(*sides), events)


def _meet_containers(containers: list[tuple[Container, Condition]]) -> Container:
    """One container whose items carry the conditions of the paths they come from."""
    first = containers[0][0]
    lists = [container.items for container, _ in containers]
    shared = 0
    shortest = min(lists, key=len)
    while shared < len(shortest) and all(
        items[shared] is shortest[shared] or items[shared] == shortest[shared] for items in lists
    ):
        shared += 1
    items: list[Item] = []
    for container, condition in containers:
        for item in container.items[shared:]:
            both = conjunction(item.condition, condition)
            if both is not None:
                items.append(replace(item, condition=both))
    opened = next((container.open for container, _ in containers if container.open is not None), None)
    return replace(first, items=first.items[:shared] + tuple(dict.fromkeys(items)), open=opened)
