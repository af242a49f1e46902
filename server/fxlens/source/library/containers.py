"""What containers and texts hold: going through them, looking entries up, and changing them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from fxlens.source.alternatives import (
    are_certain,
    certain,
    integer_of,
    joined,
    only,
    subject_of,
    text_of,
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
    text, at = text_of(owner), integer_of(key)
    if text is None or at is None or not -len(text) <= at < len(text):
        return machine.unknown(node)
    return certain(Const(text[at], (machine.frame.document, node)))


def constants_of(container: Container) -> list[Hashable] | None:
    """What a container holds, if all of it are constants that are there for certain."""
    if not container.is_told:
        return None
    values = [only(_iterated_of(container, item)) for item in container.items]
    constants = [value.value for value in values if isinstance(value, Const)]
    return constants if len(constants) == len(values) else None


def _iterated_of(container: Container, item: Item) -> Alternatives:
    """What going through a container yields of an item: of a dict's, the key."""
    return item.key if container.kind == "dict" and item.key is not None else item.value


def plain_constants(machine: Machine, value: Value) -> list[Hashable] | None:
    container = machine.collection(value)
    return constants_of(container) if container is not None else None


def iterated(machine: Machine, value: Value, node: n.Expression) -> tuple[list[Item], Subject | None]:
    """What going through a value yields, and why there may be more or less of it."""
    container = machine.collection(value)
    if container is not None:
        return _listed(machine, container, node), container.open
    match value:
        case Const(value=str() as text):
            return [Item(certain(Const(each, value.origin))) for each in text], None
        case Const(value=tuple() as constants):
            return [Item(certain(Const(each))) for each in constants], None
        case Const(value=None):
            return [], None
    return [], subject_of(value) or Subject(machine.frame.document, node)


def _listed(machine: Machine, container: Container, node: n.Expression) -> list[Item]:
    if container.kind != "dict":
        return list(container.items)
    entries = last_entries(container)
    return [Item(item.key or machine.unknown(node), item.condition, None, item.label) for item in entries]


def last_entries(container: Container) -> tuple[Item, ...]:
    """The entries of a dict, of those with one certain constant key the last only."""
    last: dict[Hashable, int] = {}
    replaced: set[int] = set()
    for at, item in enumerate(container.items):
        key = only(item.key)
        if isinstance(key, Const):
            if key.value in last and not item.condition:
                replaced.add(last[key.value])
            last[key.value] = at
    return tuple(item for at, item in enumerate(container.items) if at not in replaced)


def has_key(container: Container, wanted: Const) -> bool | None:
    """Whether a dict has a key; nothing where only a run can tell."""
    keys = [(key, item.condition | own) for item in container.items for key, own in item.key or ()]
    equal = [condition for key, condition in keys if isinstance(key, Const) and key.value == wanted.value]
    if ALWAYS in equal:
        return True
    may_have = container.open is not None or bool(equal) or not all(isinstance(key, Const) for key, _ in keys)
    return None if may_have else False


def entry(machine: Machine, container: Container, key: Value, node: n.Expression) -> Alternatives:
    """``container[key]``; of a dict with an unknown key, each entry under the condition that it is the one."""
    if container.kind == "dict":
        return looked_up(machine, container, key, node) or machine.unknown(node)
    at = integer_of(key)
    if at is not None and _leads_to_one(container, at):
        return container.items[at].value
    if isinstance(key, Unknown) and container.items and container.open is None:
        return joined(*(_if_it_is(item, key.subject, at) for at, item in enumerate(container.items)))
    return machine.unknown(node)


def _leads_to_one(container: Container, at: int) -> bool:
    """Whether the text tells which item stands at an index: those before it are there for certain."""
    count = len(container.items)
    return container.is_listed and -count <= at < count and are_certain(container.items[: at % count + 1])


def _if_it_is(item: Item, subject: Subject, at: int) -> Alternatives:
    return under(item.value, item.condition | {(subject, at, True)})


def looked_up(machine: Machine, container: Container, key: Value, node: n.Expression) -> Alternatives | None:
    """The entries of a dict that a key may mean, last first; nothing where none does."""
    key = _as_key(machine, key)
    sides: list[Alternatives] = []
    for item in reversed(container.items):
        conditions = list(_conditions_of(machine, item, key))
        sides += [under(item.value, condition) for condition in conditions]
        if ALWAYS in conditions:
            return joined(*sides)
    if sides and isinstance(key, Unknown) and key.subject.default:
        return joined(*sides)
    if container.open is not None:
        sides.append(machine.unknown(node))
    return joined(*sides) if sides else None


def _conditions_of(machine: Machine, item: Item, key: Value) -> Iterator[Condition]:
    """The conditions under which a dict has an entry, and a key is the entry's."""
    for own, condition in item.key or ():
        wanted = _same(_as_key(machine, own), key)
        both = conjunction(condition, item.condition) if wanted is not None else None
        with_key = conjunction(both, wanted) if both is not None and wanted is not None else None
        if with_key is not None:
            yield with_key


def _as_key(machine: Machine, value: Value) -> Value:
    """A key as it is compared: a tuple of constants is a constant."""
    container = machine.container(value)
    constants = constants_of(container) if container is not None and container.kind == "tuple" else None
    return Const(tuple(constants)) if constants is not None else value


def _same(own: Value, key: Value) -> Condition | None:
    """The condition under which two keys are equal; nothing if they never are."""
    match own, key:
        case Const(), Const():
            return ALWAYS if own.value == key.value else None
        case Const(), Unknown():
            return frozenset({(key.subject, own.value, True)})
        case Member(), Unknown():
            return frozenset({(key.subject, own, True)})
        case Unknown(), Const():
            return frozenset({(own.subject, key.value, True)})
    return ALWAYS if own == key else None


def sliced(machine: Machine, value: Value, at: slice, node: n.Expression) -> Alternatives:
    """``value[a:b:c]``."""
    text, container = text_of(value), machine.container(value)
    if text is not None:
        return certain(Const(text[at], (machine.frame.document, node)))
    if container is not None and container.is_listed and container.is_told:
        return machine.made(container.kind, container.items[at])
    if not isinstance(value, Unknown):
        return machine.unknown(node)
    key = (value.subject, "slice", at.start, at.stop, at.step)
    return certain(Unknown(machine.subject(key, node, value.subject)))


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
    container, at = machine.container(owner), integer_of(only(keys))
    if container is None or not isinstance(owner, Location):
        return
    if container.kind == "dict":
        item = Item(value, condition, keys, label)
        machine.change(owner, replace(container, items=(*container.items, item)))
    elif at is not None and container.is_told and _is_within(container, at):
        items = list(container.items)
        items[at] = Item(value)
        machine.change(owner, replace(container, items=tuple(items)))
    else:
        _forget_items(machine, owner, container, node)


def _is_within(container: Container, at: int) -> bool:
    return -len(container.items) <= at < len(container.items)


def _forget_items(machine: Machine, owner: Location, container: Container, node: n.Expression) -> None:
    """Only a run can tell what a container holds from here on."""
    if container.kind != "instance":
        machine.change(owner, replace(container, items=(), open=Subject(machine.frame.document, node)))


def stored_slice(
    machine: Machine, owner: Value, at: slice | None, items: Sequence[Item], why: Subject | None, node: n.Expression
) -> None:
    """``owner[a:b] = items``, and ``del owner[a:b]`` without items."""
    container = machine.collection(owner)
    if container is None or not isinstance(owner, Location):
        return
    held = _with_slice(container, at, items) if at is not None and why is None else None
    if held is None:
        changed = replace(container, items=(), open=why or Subject(machine.frame.document, node))
    else:
        changed = replace(container, items=held)
    machine.change(owner, changed)


def _with_slice(container: Container, at: slice, items: Sequence[Item]) -> tuple[Item, ...] | None:
    """The items of a container with others in place of a slice; nothing where only a run can tell them."""
    if not (container.is_listed and container.is_told):
        return None
    held = list(container.items)
    try:
        held[at] = items
    except ValueError:  # Of an extended slice, as many items have to be given.
        return None
    return tuple(held)


def removed(machine: Machine, owner: Value, keys: Alternatives, node: n.Expression) -> None:
    """``del owner[key]``."""
    container, key = machine.container(owner), only(keys)
    if container is None or not isinstance(owner, Location):
        return
    at = integer_of(key)
    if container.kind == "dict" and isinstance(key, Const):
        kept = tuple(item for item in container.items if not _has_key(item, key.value))
        machine.change(owner, replace(container, items=kept))
    elif at is not None and is_told(container, at):
        items = list(container.items)
        del items[at]
        machine.change(owner, replace(container, items=tuple(items)))
    else:
        _forget_items(machine, owner, container, node)


def is_told(container: Container, at: int) -> bool:
    """Whether the text tells which item stands at an index."""
    return container.is_listed and container.is_told and _is_within(container, at)


def _has_key(item: Item, key: Hashable) -> bool:
    return bool(item.key) and all(isinstance(own, Const) and own.value == key for own, _ in item.key or ())
