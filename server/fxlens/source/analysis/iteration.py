"""What going through a value, or unpacking it, yields."""

from __future__ import annotations

from dataclasses import replace

from fxlens.source.alternatives import certain, joined, under
from fxlens.source.analysis.enumerations import Enumerations
from fxlens.source.conditions import conjunction
from fxlens.source.library import containers
from fxlens.source.library.module_containers import modules_in
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    Alternatives,
    ClassValue,
    Const,
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
            for item in more:
                both = conjunction(item.condition, condition)
                if both is not None:
                    collected.append(replace(item, condition=both))
        return collected, opened

    def _iterated(self, value: Value, node: n.Expression) -> tuple[list[Item], Subject | None]:
        if isinstance(value, ClassValue) and self.is_enumeration(value):
            return self.member_items(value), None
        container = self.container(value)
        if container is not None and container.kind == "instance":
            made = [each for each, _ in self.attribute(value, "__iter__", node) if isinstance(each, FunctionValue)]
            if len(made) == 1:
                return self.items(self.call_value(made[0], [], node), node)
        held = modules_in(self, value.subject, node) if isinstance(value, Unknown) else None
        if held is not None:
            value = self.allocate(held)
        return containers.iterated(self, value, node)

    def entries(self, alternatives: Alternatives, node: n.Expression) -> tuple[list[Item], Subject | None]:
        """The entries of a dict that is unpacked or put into another one."""
        collected: list[Item] = []
        opened: Subject | None = None
        for value, condition in self.settled(alternatives):
            self.complete(value)
            container = self.container(value)
            if isinstance(value, Const) and value.value is None:
                continue
            table = self.table_of(value, node) if container is not None and container.kind == "instance" else None
            container = table or container
            if container is None or container.kind != "dict":
                opened = opened or self._subject_of(value, node)
                continue
            opened = opened or container.open
            for item in containers.last_entries(container):
                both = conjunction(item.condition, condition)
                if both is not None:
                    collected.append(replace(item, condition=both))
        return collected, opened

    def table_of(self, value: Value, node: n.Expression) -> Container | None:
        """The entries of an object of the workspace that has ``keys`` and ``__getitem__``, as a dict has them."""
        container = self.container(value)
        kind = container.instance_of if container is not None else None
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
        return joined(*(under(self.entry(owner, value, node), condition) for value, condition in key.value))

    def _subject_of(self, value: Value, node: n.Expression) -> Subject:
        return value.subject if isinstance(value, Unknown) else Subject(self.frame.document, node)

    def unpacked(self, alternatives: Alternatives, target: n.Display) -> list[Alternatives]:
        """What each target of ``a, *b = value`` is bound to."""
        count = len(target.items)
        sides: list[list[Alternatives]] = []
        for value, condition in self.settled(alternatives):
            parts = self._parts(value, target)
            sides.append([under(part, condition) for part in parts])
        if not sides:
            return [self.unknown(target) for _ in range(count)]
        return [joined(*(side[at] for side in sides)) for at in range(count)]

    def _parts(self, value: Value, target: n.Display) -> list[Alternatives]:
        count = len(target.items)
        starred = next((at for at, each in enumerate(target.items) if isinstance(each, n.Starred)), None)
        if isinstance(value, Unknown):
            return [
                certain(Unknown(self.subject((value.subject, ("entry", at)), target, value.subject)))
                for at in range(count)
            ]
        items, opened = containers.iterated(self, value, target)
        container = self.container(value)
        plain = opened is None and not any(item.condition for item in items)
        plain = plain and (container is None or len(items) == 1 or not (container.unordered or container.kind == "set"))
        if plain and starred is None and len(items) == count:
            return [item.value for item in items]
        if plain and starred is not None and len(items) >= count - 1:
            behind = count - starred - 1
            middle = items[starred : len(items) - behind]
            rest = items[len(items) - behind :]
            return [
                *(item.value for item in items[:starred]),
                self.made("list", tuple(middle)),
                *(item.value for item in rest),
            ]
        return [self.unknown(target) for _ in range(count)]
