"""The methods of lists, sets and dicts."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, replace

from fxlens.source.alternatives import certain, integer_of, mapped, only, text_of, under
from fxlens.source.library.called import Called
from fxlens.source.library.containers import (
    constants_of,
    entry,
    has_key,
    is_told,
    iterated,
    looked_up,
    plain_constants,
)
from fxlens.source.library.functions import dict_of, from_keys, integer, sorted_items, table
from fxlens.source.library.interpreter_interface import Machine
from fxlens.source.library.operators import operation
from fxlens.source.library.templates import TEMPLATE, filled
from fxlens.source.library.text_patterns import MATCH
from fxlens.source.values import (
    ALWAYS,
    NONE,
    Alternatives,
    Condition,
    Const,
    Container,
    Item,
    Location,
    Subject,
    Unknown,
    Value,
)


@dataclass(frozen=True)
class Target:
    """A container, as a method of it is called."""

    call: Called
    owner: Location
    container: Container

    def hold(self, items: Iterable[Item], why: Subject | None = None) -> None:
        """Replace what the container holds."""
        self.call.machine.change(self.owner, replace(self.container, items=tuple(items), open=why))

    def add(self, *items: Item, why: Subject | None = None) -> None:
        """Put items behind those that the container holds; ``why`` there may be more of them."""
        self.hold((*self.container.items, *items), self.container.open or why)


def container_method(machine: Machine, owner: Location, name: str, call: Called) -> Alternatives:
    """What a method of a list, a dict or a set returns; what it does to it is done."""
    container = machine.container(owner)
    assert container is not None
    method = _OF_KIND.get(container.kind, _METHODS).get(name)
    if method is not None:
        return method(Target(call, owner, container))
    return call.unknown()


def _append(at: Target) -> Alternatives:
    if len(at.call.positional) == 1:
        at.add(Item(at.call.positional[0]))
    return NONE


def _insert(at: Target) -> Alternatives:
    index = integer(at.call, at.call.positional[0]) if len(at.call.positional) == 2 else None
    if index is None:
        at.hold(at.container.items, at.call.open())
        return NONE
    items = list(at.container.items)
    items.insert(index, Item(at.call.positional[1]))
    at.hold(items, at.container.open)
    return NONE


def _extend(at: Target) -> Alternatives:
    if at.container.kind == "dict":
        more, why = at.call.machine.entries(dict_of(at.call), at.call.node)
    else:
        more, why = at.call.items()
    at.add(*more, why=why)
    return NONE


def _setdefault(at: Target) -> Alternatives:
    value, keys = at.call.argument(1) or NONE, at.call.argument(0)
    if keys is None:
        return value
    key = only(keys)
    present = looked_up(at.call.machine, at.container, key, at.call.node) if key is not None else None
    if present is not None:
        return present
    at.add(Item(value, ALWAYS, keys))
    return value


def _clear(at: Target) -> Alternatives:
    at.hold(())
    return NONE


def _remove(at: Target) -> Alternatives:
    """``remove`` and ``discard``, and ``pop`` of a dict: by what is there."""
    wanted, constants = _first_argument(at.call), constants_of(at.container)
    if constants is None or not isinstance(wanted, Const):
        return _take_any(at)
    if wanted.value not in constants:
        return at.call.argument(1) or NONE
    return _take(at, constants.index(wanted.value))


def _pop(at: Target) -> Alternatives:
    if at.container.kind == "dict":
        return _remove(at)
    index = integer_of(_first_argument(at.call)) if at.call.positional else -1
    if at.container.kind == "list" and index is not None and is_told(at.container, index):
        return _take(at, index % len(at.container.items))
    return _take_any(at)


def _first_argument(call: Called) -> Value | None:
    return call.positional[0][0][0] if call.positional and len(call.positional[0]) == 1 else None


def _take(at: Target, index: int) -> Alternatives:
    items = at.container.items
    at.hold(items[:index] + items[index + 1 :], at.container.open)
    return items[index].value


def _take_any(at: Target) -> Alternatives:
    """Take an item away of which only a run can tell which it is."""
    at.hold((), at.call.open())
    return at.call.unknown()


def _sort(at: Target) -> Alternatives:
    items = sorted_items(at.call, at.container.items)
    changed = replace(at.container, unordered=True) if items is None else _listed_anew(at.container, items)
    at.call.machine.change(at.owner, changed)
    return NONE


def _reverse(at: Target) -> Alternatives:
    at.call.machine.change(at.owner, replace(at.container, items=at.container.items[::-1]))
    return NONE


def _listed_anew(container: Container, items: list[Item]) -> Container:
    return replace(container, items=tuple(items), unordered=False)


def _keys(at: Target) -> Alternatives:
    items, why = iterated(at.call.machine, at.owner, at.call.node)
    return at.call.machine.made("list", tuple(items), why)


def _values(at: Target) -> Alternatives:
    values = tuple(replace(each, key=None) for each in at.container.items)
    return at.call.machine.made("list", values, at.container.open)


def _dict_items(at: Target) -> Alternatives:
    rows = [[item.key or at.call.unknown(), item.value] for item in at.container.items]
    return table(at.call, rows, [item.condition for item in at.container.items], at.container.open)


def _copied(at: Target) -> Alternatives:
    held = at.container
    made = at.call.machine.made_of(held.kind, held.items, held.open, [held], at.call.node)
    if at.container.unordered:
        at.call.machine.unorder(made)
    return made


def _get(at: Target) -> Alternatives:
    default = at.call.argument(1, "default") or NONE
    keys = at.call.argument(0) or ()
    return at.call.any_of([under(side, own) for key, own in keys for side in _entry_or(at, key, default)])


def _entry_or(at: Target, key: Value, default: Alternatives) -> Iterator[Alternatives]:
    """The entry of a key, if there may be one, and the default, unless there is one for certain."""
    value = looked_up(at.call.machine, at.container, key, at.call.node)
    if value is not None:
        yield value
    is_exact = isinstance(key, Const) and value is not None and not any(condition for _, condition in value)
    if not is_exact:
        yield under(default, _no_entry(at.container, key))


def _no_entry(container: Container, key: Value) -> Condition:
    """That an unknown key is not in a table."""
    if not isinstance(key, Unknown):
        return ALWAYS
    keys = [own for item in container.items for own, _ in item.key or ()]
    return frozenset((key.subject, own.value, False) for own in keys if isinstance(own, Const))


def _index(at: Target) -> Alternatives:
    constants = constants_of(at.container)
    wanted = _first_argument(at.call)
    if constants is not None and isinstance(wanted, Const) and wanted.value in constants:
        return certain(Const(constants.index(wanted.value)))
    return at.call.unknown()


def _got(at: Target) -> Alternatives:
    return mapped(lambda key: entry(at.call.machine, at.container, key, at.call.node), at.call.argument(0) or ())


def _set(at: Target) -> Alternatives:
    if len(at.call.positional) == 2 and at.container.kind == "dict":
        key, value = at.call.positional
        at.add(Item(value, ALWAYS, key))
    else:
        at.hold(at.container.items, at.call.open())
    return NONE


def _contains(at: Target) -> Alternatives:
    key = _first_argument(at.call)
    has = has_key(at.container, key) if isinstance(key, Const) and at.container.kind == "dict" else None
    return certain(Const(has)) if has is not None else at.call.unknown()


def _fromkeys(at: Target) -> Alternatives:
    return from_keys(at.call)


def _united(at: Target) -> Alternatives:
    items, opened = list(at.container.items), at.container.open
    for position in range(len(at.call.positional)):
        more, why = at.call.items(position)
        items += more
        opened = opened or why
    made = at.call.machine.made("set", tuple(items), opened)
    at.call.machine.unorder(made)
    return made


def _in_all(at: Target) -> Alternatives:
    return _kept(at, all)


def _in_none(at: Target) -> Alternatives:
    return _kept(at, lambda are_there: not any(are_there))


def _in_one(at: Target) -> Alternatives:
    other = _first_argument(at.call) if len(at.call.positional) == 1 else None
    if other is None:
        return at.call.unknown()
    return operation(at.call.machine, "^", at.owner, other, at.call.node)


def _kept(at: Target, keeps: Callable[[Iterable[bool]], bool]) -> Alternatives:
    """The items of a set, by whether they are in others; all of them have to be constants."""
    constants, others = constants_of(at.container), _other_constants(at)
    if constants is None or others is None:
        return at.call.unknown()
    paired = zip(at.container.items, constants, strict=True)
    kept = (item for item, constant in paired if keeps(constant in other for other in others))
    made = at.call.machine.made("set", tuple(kept))
    at.call.machine.unorder(made)
    return made


def _other_constants(at: Target) -> list[list[Hashable]] | None:
    """What the other sets hold that a method is given."""
    values = [only(alternatives) for alternatives in at.call.positional]
    held = [plain_constants(at.call.machine, value) for value in values if value is not None]
    others = [constants for constants in held if constants is not None]
    return others if len(others) == len(values) else None


def _counted(at: Target) -> Alternatives:
    constants, wanted = constants_of(at.container), _first_argument(at.call)
    is_told = constants is not None and isinstance(wanted, Const)
    return certain(Const(constants.count(wanted.value))) if is_told else at.call.unknown()  # type: ignore[union-attr]


def _pop_first(at: Target) -> Alternatives:
    return _take(at, 0) if is_told(at.container, 0) else _take_any(at)


def _append_first(at: Target) -> Alternatives:
    _put_first(at, [Item(each) for each in at.call.positional], None)
    return NONE


def _extend_first(at: Target) -> Alternatives:
    items, why = at.call.items()
    _put_first(at, items[::-1], why)
    return NONE


def _put_first(at: Target, items: list[Item], why: Subject | None) -> None:
    at.hold((*items, *at.container.items), at.container.open or why)


def _rotated(at: Target) -> Alternatives:
    steps = integer(at.call, at.call.argument(0, "n") or certain(Const(1)))
    items = at.container.items
    if steps is None or not at.container.is_listed:
        return _take_any(at)
    cut = -steps % len(items) if items else 0
    at.hold(items[cut:] + items[:cut], at.container.open)
    return NONE


def _result(at: Target) -> Alternatives:
    return at.container.items[0].value


FUTURE = "future"
"""The kind of container of what a call will have returned: its only item."""


def _group(at: Target) -> Alternatives:
    """``match.group(1, "name")``; of several, a tuple."""
    groups = [_group_called(at, value) for alternatives in at.call.positional for value, _ in alternatives]
    if not at.call.positional:
        return at.container.items[0].value
    return groups[0] if len(groups) == 1 else at.call.machine.made("tuple", tuple(map(Item, groups)))


def _group_called(at: Target, name: Value) -> Alternatives:
    named = replace(at.container, kind="dict") if text_of(name) is not None else at.container
    return entry(at.call.machine, named, name, at.call.node)


def _groups(at: Target) -> Alternatives:
    return at.call.machine.made("tuple", tuple(Item(item.value) for item in at.container.items[1:]))


def _named_groups(at: Target) -> Alternatives:
    return at.call.machine.made("dict", tuple(item for item in at.container.items if item.key is not None))


_OF_KIND: dict[str, dict[str, Callable[[Target], Alternatives]]] = {
    FUTURE: {"result": _result, "get": _result},
    TEMPLATE: {
        "substitute": lambda at: filled(at.call, at.container, safe=False),
        "safe_substitute": lambda at: filled(at.call, at.container, safe=True),
    },
    MATCH: {"group": _group, "groups": _groups, "groupdict": _named_groups},
}
"""The methods of what is not a list, set or dict."""
_TYPES: dict[str, type] = {"dict": dict, "list": list, "set": set, "tuple": tuple}


def is_builtin_method(kind: str, name: str) -> bool:
    """Whether objects of the builtin class ``kind`` have a method of that name."""
    return hasattr(_TYPES.get(kind, object), name)


_METHODS: dict[str, Callable[[Target], Alternatives]] = {
    "append": _append,
    "add": _append,
    "insert": _insert,
    "extend": _extend,
    "update": _extend,
    "setdefault": _setdefault,
    "keys": _keys,
    "values": _values,
    "items": _dict_items,
    "copy": _copied,
    "get": _get,
    "index": _index,
    "clear": _clear,
    "remove": _remove,
    "discard": _remove,
    "pop": _pop,
    "popitem": _take_any,
    "sort": _sort,
    "__init__": _extend,
    "__getitem__": _got,
    "__setitem__": _set,
    "__contains__": _contains,
    "reverse": _reverse,
    "fromkeys": _fromkeys,
    "union": _united,
    "intersection": _in_all,
    "difference": _in_none,
    "symmetric_difference": _in_one,
    "count": _counted,
    "popleft": _pop_first,
    "appendleft": _append_first,
    "extendleft": _extend_first,
    "rotate": _rotated,
}
