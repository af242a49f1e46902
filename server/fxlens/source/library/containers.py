"""What containers and texts hold: going through them, looking entries up, and changing them."""

from __future__ import annotations

import contextlib
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from fxlens.source.alternatives import (
    certain,
    joined,
    under,
)
from fxlens.source.conditions import conjunction
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    ALWAYS,
    Alternatives,
    Condition,
    Const,
    Container,
    Item,
    Location,
    Member,
    Subject,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from fxlens.source.library.interpreter_interface import Machine


def part_of_constant(machine: Machine, owner: Const, key: Const, node: n.Expression) -> Alternatives:
    """``"layer1.0"[0]``."""
    if isinstance(owner.value, str) and isinstance(key.value, int):
        try:
            return certain(Const(owner.value[key.value], (machine.frame.document, node)))
        except IndexError:
            return machine.unknown(node)
    return machine.unknown(node)


def constants_of(container: Container) -> list[Hashable] | None:
    """What a container holds, if all of it are constants that are there for certain."""
    if container.open is not None:
        return None
    constants: list[Hashable] = []
    for item in container.items:
        values = item.key if container.kind == "dict" and item.key is not None else item.value
        if item.condition or len(values) != 1 or not isinstance(values[0][0], Const):
            return None
        constants.append(values[0][0].value)
    return constants


def plain_constants(machine: Machine, value: Value) -> list[Hashable] | None:
    container = machine.container(value)
    return constants_of(container) if container is not None and container.kind != "instance" else None


def iterated(machine: Machine, value: Value, node: n.Expression) -> tuple[list[Item], Subject | None]:
    """What going through a value yields, and why there may be more or less of it."""
    container = machine.container(value)
    if container is not None and container.kind != "instance":
        if container.kind == "dict":
            items = [
                Item(item.key or machine.unknown(node), item.condition, None, item.label)
                for item in last_entries(container)
            ]
            return items, container.open
        return list(container.items), container.open
    if isinstance(value, Const) and isinstance(value.value, str):
        return [Item(certain(Const(each, value.origin))) for each in value.value], None
    if isinstance(value, Const) and isinstance(value.value, tuple):
        return [Item(certain(Const(each))) for each in value.value], None
    if isinstance(value, Const) and value.value is None:
        return [], None
    return [], value.subject if isinstance(value, Unknown) else Subject(machine.frame.document, node)


def is_listed(container: Container) -> bool:
    """Whether the text tells all items of a container, and in which order they come."""
    return container.open is None and not container.unordered and container.kind != "set"


def last_entries(container: Container) -> tuple[Item, ...]:
    """The entries of a dict, of those with one certain constant key the last only."""
    last: dict[Hashable, int] = {}
    replaced: set[int] = set()
    for at, item in enumerate(container.items):
        key = item.key[0][0] if item.key is not None and len(item.key) == 1 else None
        if isinstance(key, Const):
            if key.value in last and not item.condition:
                replaced.add(last[key.value])
            last[key.value] = at
    return tuple(item for at, item in enumerate(container.items) if at not in replaced)


def has_key(container: Container, wanted: Const) -> bool | None:
    """Whether a dict has a key; nothing where only a run can tell."""
    may_have = container.open is not None
    for item in container.items:
        for key, condition in item.key or ():
            if not isinstance(key, Const):
                may_have = True
            elif key.value == wanted.value:
                if not condition and not item.condition:
                    return True
                may_have = True
    return None if may_have else False


def entry(machine: Machine, container: Container, key: Value, node: n.Expression) -> Alternatives:
    """``container[key]``; of a dict with an unknown key, each entry under the condition that it is the one."""
    if container.kind == "dict":
        return looked_up(machine, container, key, node) or machine.unknown(node)
    if isinstance(key, Const) and isinstance(key.value, int) and is_listed(container):
        at, count = key.value, len(container.items)
        if -count <= at < count and not any(item.condition for item in container.items[: at % count + 1]):
            return container.items[at].value
    if isinstance(key, Unknown) and container.items and container.open is None:
        sides = [
            under(item.value, item.condition | {(key.subject, at, True)}) for at, item in enumerate(container.items)
        ]
        return joined(*sides)
    return machine.unknown(node)


def looked_up(machine: Machine, container: Container, key: Value, node: n.Expression) -> Alternatives | None:
    """The entries of a dict that a key may mean, last first; nothing where none does."""
    key = _as_key(machine, key)
    sides: list[Alternatives] = []
    left: Condition | None = ALWAYS
    for item in reversed(container.items):
        for own, condition in item.key or ():
            both = conjunction(condition, item.condition)
            wanted = _same(_as_key(machine, own), key)
            if both is None or wanted is None:
                continue
            with_key = conjunction(both, wanted)
            if with_key is None:
                continue
            sides.append(under(item.value, with_key))
            if not with_key:
                left = None
        if left is None:
            break
    if left is not None and sides and isinstance(key, Unknown) and key.subject.default:
        return joined(*sides)
    if left is not None and container.open is not None:
        sides.append(machine.unknown(node))
    return joined(*sides) if sides else None


def _as_key(machine: Machine, value: Value) -> Value:
    """A key as it is compared: a tuple of constants is a constant."""
    container = machine.container(value)
    constants = constants_of(container) if container is not None and container.kind == "tuple" else None
    return Const(tuple(constants)) if constants is not None else value


def _same(own: Value, key: Value) -> Condition | None:
    """The condition under which two keys are equal; nothing if they never are."""
    if isinstance(own, Const) and isinstance(key, Const):
        return ALWAYS if own.value == key.value else None
    if isinstance(own, Const) and isinstance(key, Unknown):
        return frozenset({(key.subject, own.value, True)})
    if isinstance(own, Member) and isinstance(key, Unknown):
        return frozenset({(key.subject, own, True)})
    if isinstance(own, Unknown) and isinstance(key, Const):
        return frozenset({(own.subject, key.value, True)})
    return ALWAYS if own == key else None


def sliced(machine: Machine, value: Value, at: slice, node: n.Expression) -> Alternatives:
    """``value[a:b:c]``."""
    container = machine.container(value)
    if isinstance(value, Const) and isinstance(value.value, str):
        return certain(Const(value.value[at], (machine.frame.document, node)))
    if container is None or not is_listed(container) or any(item.condition for item in container.items):
        subject = value.subject if isinstance(value, Unknown) else None
        key = (subject, "slice", at.start, at.stop, at.step)
        return certain(Unknown(machine.subject(key, node, subject))) if subject else machine.unknown(node)
    return machine.made(container.kind, container.items[at])


def stored(
    machine: Machine,
    owner: Value,
    keys: Alternatives,
    value: Alternatives,
    condition: Condition,
    node: n.Subscript,
    label: str,
) -> None:
    """``owner[key] = value``."""
    container = machine.container(owner)
    if container is None or not isinstance(owner, Location):
        return
    if container.kind == "dict":
        item = Item(value, condition, keys, label)
        machine.change(owner, replace(container, items=(*container.items, item)))
        return
    only = keys[0][0] if len(keys) == 1 else None
    count = len(container.items)
    plain = container.open is None and not any(item.condition for item in container.items)
    if isinstance(only, Const) and isinstance(only.value, int) and plain and -count <= only.value < count:
        items = list(container.items)
        items[only.value] = Item(value)
        machine.change(owner, replace(container, items=tuple(items)))
    elif container.kind != "instance":
        machine.change(owner, replace(container, items=(), open=Subject(machine.frame.document, node)))


def stored_slice(
    machine: Machine, owner: Value, at: slice | None, items: Sequence[Item], why: Subject | None, node: n.Expression
) -> None:
    """``owner[a:b] = items``, and ``del owner[a:b]`` without items."""
    container = machine.container(owner)
    if container is None or not isinstance(owner, Location) or container.kind == "instance":
        return
    changed = replace(container, items=(), open=why or Subject(machine.frame.document, node))
    if at is not None and why is None and is_listed(container) and not any(item.condition for item in container.items):
        held = list(container.items)
        with contextlib.suppress(ValueError):  # Of an extended slice, as many items have to be given.
            held[at] = items
            changed = replace(container, items=tuple(held))
    machine.change(owner, changed)


def removed(machine: Machine, owner: Value, keys: Alternatives, node: n.Expression) -> None:
    """``del owner[key]``."""
    container = machine.container(owner)
    if container is None or not isinstance(owner, Location):
        return
    only = keys[0][0] if len(keys) == 1 else None
    if container.kind == "dict" and isinstance(only, Const):
        kept = tuple(item for item in container.items if not _has_key(item, only.value))
        machine.change(owner, replace(container, items=kept))
    elif isinstance(only, Const) and isinstance(only.value, int) and is_told(container, only.value):
        items = list(container.items)
        del items[only.value]
        machine.change(owner, replace(container, items=tuple(items)))
    elif container.kind != "instance":
        machine.change(owner, replace(container, items=(), open=Subject(machine.frame.document, node)))


def is_told(container: Container, at: int) -> bool:
    """Whether the text tells which item stands at an index."""
    plain = is_listed(container) and not any(item.condition for item in container.items)
    return plain and -len(container.items) <= at < len(container.items)


def _has_key(item: Item, key: Hashable) -> bool:
    return bool(item.key) and all(isinstance(own, Const) and own.value == key for own, _ in item.key or ())
