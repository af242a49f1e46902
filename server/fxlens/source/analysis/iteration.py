"""What going through a value, or unpacking it, yields."""

from __future__ import annotations

from collections.abc import Sequence

from fxlens.source.alternatives import (
    are_certain,
    certain,
    is_none,
    items_under,
    joined,
    mapped,
    of_kind,
    subject_of,
    under,
)
from fxlens.source.analysis.enumerations import Enumerations
from fxlens.source.library import containers
from fxlens.source.library.module_containers import modules_in
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    Alternatives,
    ClassValue,
    Container,
    FunctionValue,
    Item,
    Subject,
    Unknown,
    Value,
)

MAPPINGS = frozenset(
    f"{module}.{name}" for module in ("collections.abc", "typing") for name in ("Mapping", "MutableMapping")
)
MADE_BY_MAPPINGS = frozenset({"get", "items", "keys", "values"})
"""The methods that ``collections.abc.Mapping`` makes of ``__getitem__`` and ``__iter__``."""


class Iteration(Enumerations):
    """Goes through values."""

    def items(self, alternatives: Alternatives, node: n.Expression) -> tuple[list[Item], Subject | None]:
        """What going through a value yields, and why there may be more or less of it."""
        collected: list[Item] = []
        opened: Subject | None = None
        for value, condition in self.touched(self.settled(alternatives)):
            self.complete(value)
            more, why = self._iterated(value, node)
            opened = opened or why
            collected += items_under(more, condition)
        return collected, opened

    def _iterated(self, value: Value, node: n.Expression) -> tuple[list[Item], Subject | None]:
        if isinstance(value, ClassValue) and self.is_enumeration(value):
            return self.member_items(value), None
        generator = self._generator_of(value, node)
        if generator is not None:
            return self.items(self.call_value(generator, [], node), node)
        held = modules_in(self, subject_of(value), node)
        return containers.iterated(self, self.allocate(held) if held is not None else value, node)

    def _generator_of(self, value: Value, node: n.Expression) -> FunctionValue | None:
        """``__iter__`` of an object of the workspace."""
        container = self.container(value)
        if container is None or container.kind != "instance":
            return None
        methods = of_kind(FunctionValue, self.attribute(value, "__iter__", node))
        return methods[0] if len(methods) == 1 else None

    def entries(self, alternatives: Alternatives, node: n.Expression) -> tuple[list[Item], Subject | None]:
        """The entries of a dict that is unpacked or put into another one."""
        collected: list[Item] = []
        opened: Subject | None = None
        for value, condition in self.settled(alternatives):
            self.complete(value)
            if is_none(value):
                continue
            table = self._table_in(value, node)
            if table is None:
                opened = opened or self._subject_of(value, node)
                continue
            opened = opened or table.open
            collected += items_under(containers.last_entries(table), condition)
        return collected, opened

    def _table_in(self, value: Value, node: n.Expression) -> Container | None:
        container = self.container(value)
        if container is not None and container.kind == "instance":
            return self.table_of(value, node)
        return container if container is not None and container.kind == "dict" else None

    def table_of(self, value: Value, node: n.Expression) -> Container | None:
        """The entries of an object of the workspace that has ``keys`` and ``__getitem__``, as a dict has them."""
        kind = self.kind_of(value)
        if kind is None or self.class_member(kind, "__getitem__", value) is None:
            return None
        keys = self.class_member(kind, "keys", value)
        if keys is None and MAPPINGS.isdisjoint(self.library_bases(kind)):
            return None
        listed = certain(value) if keys is None else self.call_value(keys[0][0], [], node)
        items, why = self.items(listed, node)
        return Container(
            "dict", tuple(Item(self._entry_of(value, item, node), item.condition, item.value) for item in items), why
        )

    def _entry_of(self, owner: Value, key: Item, node: n.Expression) -> Alternatives:
        return mapped(lambda value: self.entry(owner, value, node), key.value)

    def _subject_of(self, value: Value, node: n.Expression) -> Subject:
        return subject_of(value) or Subject(self.frame.document, node)

    def unpacked(self, alternatives: Alternatives, target: n.Display) -> list[Alternatives]:
        """What each target of ``a, *b = value`` is bound to."""
        sides = [
            [under(part, condition) for part in self._parts(value, target)]
            for value, condition in self.settled(alternatives)
        ]
        columns = zip(*sides, strict=True)
        return [joined(*column) for column in columns] if sides else self._unknown_parts(target)

    def _unknown_parts(self, target: n.Display) -> list[Alternatives]:
        return [self.unknown(target) for _ in target.items]

    def _parts(self, value: Value, target: n.Display) -> list[Alternatives]:
        if isinstance(value, Unknown):
            keys = [(value.subject, ("entry", at)) for at in range(len(target.items))]
            return [certain(Unknown(self.subject(key, target, value.subject))) for key in keys]
        items, why = containers.iterated(self, value, target)
        if why is not None or not are_certain(items) or not self._comes_in_order(value, items):
            return self._unknown_parts(target)
        before, behind = parted_at_star(target)
        if before is None:
            values = [item.value for item in items]
            return values if len(values) == behind else self._unknown_parts(target)
        end = len(items) - behind
        if end < before:
            return self._unknown_parts(target)
        first, middle, last = items[:before], self.made("list", tuple(items[before:end])), items[end:]
        return [*(item.value for item in first), middle, *(item.value for item in last)]

    def _comes_in_order(self, value: Value, items: Sequence[Item]) -> bool:
        container = self.container(value)
        return container is None or len(items) == 1 or container.is_ordered


def parted_at_star(target: n.Display) -> tuple[int | None, int]:
    """How many targets stand before the one with a star, if there is one, and how many behind it."""
    starred = [at for at, each in enumerate(target.items) if isinstance(each, n.Starred)]
    return (starred[0], len(target.items) - starred[0] - 1) if starred else (None, len(target.items))
