"""Functions of Python's library, by dotted name, and the methods of its containers and texts."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from fxlens.source.library.protocol import Given, Machine
from fxlens.source.library.python import (
    MOST_LENGTH,
    constants_of,
    iterated,
    looked_up,
    plain_constants,
)
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    ALWAYS,
    NONE,
    Alternatives,
    Condition,
    Const,
    Container,
    FunctionValue,
    Item,
    Location,
    Reference,
    Subject,
    Unknown,
    Value,
    certain,
    conjunction,
    joined,
    under,
)

MOST_ITEMS = 512
"""The longest range, and the most combinations, that are gone through."""


@dataclass(eq=False)
class Called:
    """A call of a library's function: the interpreter, the arguments, and the expression."""

    machine: Machine
    given: Sequence[Given]
    node: n.Expression

    @property
    def positional(self) -> list[Alternatives]:
        return [each.alternatives for each in self.given if not each.keyword and not each.star]

    @property
    def named(self) -> dict[str, Alternatives]:
        return {each.keyword: each.alternatives for each in self.given if each.keyword}

    @property
    def unpacks(self) -> bool:
        return any(each.star for each in self.given)

    def argument(self, at: int, name: str = "") -> Alternatives | None:
        if at < len(self.positional):
            return self.positional[at]
        return self.named.get(name) if name else None

    def items(self, at: int = 0) -> tuple[list[Item], Subject | None]:
        return self.machine.items(self.positional[at], self.node)

    def unknown(self) -> Alternatives:
        return self.machine.unknown(self.node)


Model: TypeAlias = Callable[[Called], Alternatives]
FUNCTIONS: dict[str, Model] = {}


def models(*dotted: str) -> Callable[[Model], Model]:
    """Register a model of the functions of these dotted names."""

    def register(model: Model) -> Model:
        for name in dotted:
            FUNCTIONS[name] = model
        return model

    return register


# Containers


@models("list", "tuple", "set", "frozenset", "iter", "tqdm.tqdm", "tqdm.auto.tqdm", "tqdm.notebook.tqdm", "dict.keys")
def _same_items(call: Called) -> Alternatives:
    name = call.node.function.name if isinstance(call.node, n.Call) and isinstance(call.node.function, n.Name) else ""
    kind = {"tuple": "tuple", "set": "set", "frozenset": "set"}.get(name, "list")
    if not call.positional:
        return call.machine.made(kind, ())
    items, why = call.items()
    return call.machine.made(kind, tuple(items), why)


@models("reversed")
def _reversed(call: Called) -> Alternatives:
    items, why = call.items() if call.positional else ([], None)
    return call.machine.made("list", tuple(reversed(items)), why)


@models("sorted")
def _sorted(call: Called) -> Alternatives:
    items, why = call.items() if call.positional else ([], None)
    keys = [item.value[0][0] for item in items if len(item.value) == 1]
    if not call.named and len(keys) == len(items) and all(isinstance(key, Const) for key in keys):
        try:
            items.sort(key=lambda item: item.value[0][0].value)  # type: ignore[union-attr, arg-type, return-value]
        except TypeError:
            return call.machine.made("list", tuple(items), why)
    return call.machine.made("list", tuple(items), why)


@models("filter")
def _filter(call: Called) -> Alternatives:
    if len(call.positional) != 2:
        return call.unknown()
    items, why = call.items(1)
    function = call.positional[0][0][0]
    if isinstance(function, Const) and function.value is None:
        results = [item.value for item in items]
    else:
        results = call.machine.call_each(function, [[item.value] for item in items], call.node)
    kept: list[Item] = []
    for item, result in zip(items, results, strict=True):
        truths = {call.machine.truth_of(value) for value, _ in result}
        if truths == {True}:
            kept.append(item)
        elif truths != {False}:
            why = why or Subject(call.machine.frame.document, call.node)
    return call.machine.made("list", tuple(kept), why)


@models("map")
def _map(call: Called) -> Alternatives:
    if len(call.positional) < 2:
        return call.unknown()
    columns = [call.items(at) for at in range(1, len(call.positional))]
    rows = list(zip(*(items for items, _ in columns), strict=False))
    sources = [each for each in call.given if not each.keyword and not each.star][1:]
    results = call.machine.call_each(
        call.positional[0][0][0], [[item.value for item in row] for row in rows], call.node, sources
    )
    why = next((each for _, each in columns if each is not None), None)
    made = [Item(result, row[0].condition) for result, row in zip(results, rows, strict=True)]
    return call.machine.made("list", tuple(made), why)


@models("dict", "collections.OrderedDict", "typing.OrderedDict", "types.SimpleNamespace.__dict__")
def _dict(call: Called) -> Alternatives:
    items: list[Item] = []
    opened: Subject | None = None
    for each in call.given:
        if each.keyword:
            key = certain(Const(each.keyword, (call.machine.frame.document, _keyword_of(call.node, each))))
            label = call.machine.frame.document.code(each.node) if each.node is not None else None
            items.append(Item(each.alternatives, ALWAYS, key, label))
        elif each.star == "**" or _is_dict(call.machine, each.alternatives):
            more, why = call.machine.entries(each.alternatives, call.node)
            items += more
            opened = opened or why
        elif each.star:
            return call.unknown()
        else:
            pairs, why = _pairs(call, each.alternatives)
            items += pairs
            opened = opened or why
    return call.machine.made("dict", tuple(items), opened)


def _keyword_of(node: n.Expression, given: Given) -> n.Node:
    if isinstance(node, n.Call):
        for argument in node.arguments:
            if argument.keyword == given.keyword:
                return argument
    return node


def _is_dict(machine: Machine, alternatives: Alternatives) -> bool:
    containers = [machine.container(value) for value, _ in alternatives]
    return bool(containers) and all(each is not None and each.kind == "dict" for each in containers)


def _pairs(call: Called, alternatives: Alternatives) -> tuple[list[Item], Subject | None]:
    rows, why = call.machine.items(alternatives, call.node)
    items: list[Item] = []
    for row in rows:
        parts, inner = call.machine.items(row.value, call.node)
        if inner is not None or len(parts) != 2:
            return items, inner or Subject(call.machine.frame.document, call.node)
        items.append(Item(parts[1].value, row.condition, parts[0].value, row.label))
    return items, why


@models("dict.fromkeys", "collections.OrderedDict.fromkeys")
def _fromkeys(call: Called) -> Alternatives:
    if not call.positional:
        return call.unknown()
    items, why = call.items()
    value = call.argument(1) or NONE
    return call.machine.made("dict", tuple(Item(value, item.condition, item.value) for item in items), why)


@models("enumerate")
def _enumerate(call: Called) -> Alternatives:
    if not call.positional:
        return call.unknown()
    items, why = call.items()
    start = call.argument(1, "start") or certain(Const(0))
    first = start[0][0]
    if not isinstance(first, Const) or not isinstance(first.value, int):
        return call.unknown()
    rows = [[certain(Const(first.value + at)), item.value] for at, item in enumerate(items)]
    return _table(call, rows, [item.condition for item in items], why)


@models("zip", "itertools.zip_longest")
def _zip(call: Called) -> Alternatives:
    columns = [call.items(at) for at in range(len(call.positional))]
    if not columns:
        return call.machine.made("list", ())
    rows = list(zip(*(items for items, _ in columns), strict=False))
    why = next((each for _, each in columns if each is not None), None)
    conditions = [_all(item.condition for item in row) for row in rows]
    return _table(call, [[item.value for item in row] for row in rows], conditions, why)


def _all(conditions: object) -> Condition:
    return frozenset().union(*conditions)  # type: ignore[misc]


def _table(
    call: Called, rows: list[list[Alternatives]], conditions: Sequence[Condition], why: Subject | None
) -> Alternatives:
    made = [call.machine.made("tuple", tuple(Item(value) for value in row)) for row in rows]
    return call.machine.made("list", tuple(map(Item, made, conditions)), why)


@models("itertools.chain", "itertools.chain.from_iterable", "itertools.product")
def _chain(call: Called) -> Alternatives:
    name = (
        call.node.function.name
        if isinstance(call.node, n.Call) and isinstance(call.node.function, (n.Attribute, n.Name))
        else ""
    )
    columns = [call.items(at) for at in range(len(call.positional))]
    why = next((each for _, each in columns if each is not None), None)
    if name == "product":
        rows = list(itertools.islice(itertools.product(*(items for items, _ in columns)), MOST_ITEMS))
        return _table(
            call, [[item.value for item in row] for row in rows], [_all(i.condition for i in r) for r in rows], why
        )
    found = [item for items, _ in columns for item in items]
    if name == "from_iterable":
        inner = [call.machine.items(item.value, call.node) for item in found]
        found = [item for items, _ in inner for item in items]
        why = next((each for _, each in inner if each is not None), why)
    return call.machine.made("list", tuple(found), why)


@models("copy.copy", "copy.deepcopy")
def _copy(call: Called) -> Alternatives:
    sides: list[Alternatives] = []
    for value, condition in call.positional[0] if call.positional else ():
        container = call.machine.container(value)
        if container is not None and container.kind != "instance":
            sides.append(under(call.machine.made(container.kind, container.items, container.open), condition))
        elif isinstance(value, Const):
            sides.append(((value, condition),))
    return joined(*sides) if sides else call.machine.unknown(call.node, made_by="copy.deepcopy")


@models("range")
def _range(call: Called) -> Alternatives:
    bounds = [_integer(call, each) for each in call.positional]
    if not bounds or len(bounds) > 3 or call.unpacks or any(each is None for each in bounds) or bounds[2:] == [0]:
        return call.unknown()
    counted = range(*(each for each in bounds if each is not None))
    if len(counted) > MOST_ITEMS:
        return call.unknown()
    return call.machine.made("tuple", tuple(Item(certain(Const(each))) for each in counted))


def _integer(call: Called, alternatives: Alternatives) -> int | None:
    values = [value for value, _ in call.machine.settled(alternatives)]
    only = values[0] if len(values) == 1 else None
    return only.value if isinstance(only, Const) and isinstance(only.value, int) else None


@models("len")
def _len(call: Called) -> Alternatives:
    sides: list[Alternatives] = []
    for value, condition in call.machine.settled(call.positional[0]) if call.positional else ():
        container = call.machine.container(value)
        if isinstance(value, Const) and isinstance(value.value, str):
            sides.append(((Const(len(value.value)), condition),))
        elif container is not None and container.kind != "instance" and container.open is None:
            if any(item.condition for item in container.items):
                return call.unknown()
            sides.append(((Const(len(container.items)), condition),))
        elif isinstance(value, Unknown):
            sides.append(((Unknown(call.machine.subject(("len", value.subject), call.node)), condition),))
        else:
            return call.unknown()
    return joined(*sides) if sides else call.unknown()


_CONVERSIONS: dict[str, Callable[..., Hashable]] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "abs": abs,
    "round": round,
}


@models("str", "int", "float", "bool", "abs", "min", "max", "sum", "round", "divmod")
def _of_numbers(call: Called) -> Alternatives:
    name = call.node.function.name if isinstance(call.node, n.Call) and isinstance(call.node.function, n.Name) else ""
    function = _CONVERSIONS.get(name)
    origin = (call.machine.frame.document, call.node)
    if function is not None and len(call.positional) == 1:
        sides: list[Alternatives] = []
        for value, condition in call.machine.settled(call.positional[0]):
            made = _applied(function, value) if isinstance(value, Const) else None
            sides.append(((Const(made, origin), condition),) if made is not None else under(call.unknown(), condition))
        return joined(*sides)
    values = [each for alternatives in call.positional for each in _numbers(call, alternatives)]
    if name in ("min", "max", "sum") and values and None not in values:
        try:
            return certain(Const({"min": min, "max": max, "sum": sum}[name](values)))  # type: ignore[operator]
        except (TypeError, ValueError):
            return call.unknown()
    return call.unknown()


def _applied(function: Callable[..., Hashable], value: Const) -> Hashable | None:
    if value.value is None:
        return None
    try:
        return function(value.value)
    except (TypeError, ValueError, OverflowError):
        return None


def _numbers(call: Called, alternatives: Alternatives) -> list[Hashable]:
    if len(alternatives) != 1:
        return [None]
    value = alternatives[0][0]
    if isinstance(value, Const):
        return [value.value]
    constants = plain_constants(call.machine, value)
    return constants if constants is not None else [None]


@models("getattr")
def _getattr(call: Called) -> Alternatives:
    if len(call.positional) < 2:
        return call.unknown()
    sides: list[Alternatives] = []
    for owner, condition in call.positional[0]:
        for name, own in call.machine.settled(call.positional[1]):
            both = conjunction(condition, own)
            if both is None:
                continue
            if isinstance(name, Const) and isinstance(name.value, str):
                sides.append(under(call.machine.attribute(owner, name.value, call.node), both))
            else:
                sides.append(under(call.unknown(), both))
    return joined(*sides) if sides else call.unknown()


@models("isinstance")
def _isinstance(call: Called) -> Alternatives:
    if len(call.positional) != 2:
        return call.unknown()
    kinds = _kinds(call.machine, call.positional[1])
    sides: list[Alternatives] = []
    for value, condition in call.positional[0]:
        answer = _is_instance(call.machine, value, kinds) if kinds is not None else None
        if answer is not None:
            sides.append(((Const(answer), condition),))
            continue
        subject = value.subject if isinstance(value, Unknown) else value
        question = call.machine.subject(("isinstance", subject, tuple(sorted(kinds or ()))), call.node)
        sides.append(under(certain(Unknown(question)), condition))
    return joined(*sides) if sides else call.unknown()


def _kinds(machine: Machine, alternatives: Alternatives) -> list[str] | None:
    found: list[str] = []
    for value, _ in alternatives:
        if isinstance(value, Reference):
            found.append(value.dotted)
            continue
        container = machine.container(value)
        if container is None:
            return None
        for item in container.items:
            found += [each.dotted for each, _ in item.value if isinstance(each, Reference)]
    return found


_TYPES: dict[str, tuple[str, ...]] = {
    "str": ("str",),
    "list": ("list", "collections.abc.Iterable", "collections.abc.Sequence", "typing.Iterable", "typing.Sequence"),
    "tuple": ("tuple", "collections.abc.Iterable", "collections.abc.Sequence", "typing.Iterable", "typing.Sequence"),
    "set": ("set", "collections.abc.Iterable", "typing.Iterable"),
    "dict": ("dict", "collections.abc.Mapping", "typing.Mapping", "typing.Dict"),
    "int": ("int",),
    "bool": ("bool", "int"),
    "float": ("float",),
}
_PLAIN = frozenset({"str", "list", "tuple", "set", "dict", "int", "bool", "float", "bytes", "frozenset"})


def _is_instance(machine: Machine, value: Value, kinds: list[str]) -> bool | None:
    """Whether a value is of one of the types; nothing where only a run can tell."""
    container = machine.container(value)
    if container is not None and container.kind == "instance":
        return None
    name = container.kind if container is not None else type(value.value).__name__ if isinstance(value, Const) else ""
    if name in _TYPES or name == "NoneType":
        return any(kind in _TYPES.get(name, ()) for kind in kinds)
    if isinstance(value, Unknown) and value.subject.made_by and _PLAIN.issuperset(kinds):
        return False if value.subject.made_by.startswith(("torch", "timm")) else None
    return None


@models("hasattr", "callable")
def _hasattr(call: Called) -> Alternatives:
    owner = call.positional[0][0][0] if call.positional else None
    if isinstance(owner, (Const, FunctionValue)) and len(call.positional) == 2:
        name = call.positional[1][0][0]
        if isinstance(owner, Const) and isinstance(name, Const) and isinstance(name.value, str):
            return certain(Const(hasattr(owner.value, name.value)))
    key = (
        "hasattr",
        owner.subject if isinstance(owner, Unknown) else owner,
        tuple(v for v, _ in (call.argument(1) or ())),
    )
    return certain(Unknown(call.machine.subject(key, call.node)))


@models("functools.partial")
def _partial(call: Called) -> Alternatives:
    function = call.positional[0] if call.positional else ()
    sides: list[Alternatives] = []
    for value, condition in function:
        if isinstance(value, FunctionValue) and not call.unpacks:
            wrapped = [("", each) for each in call.positional[1:]] + list(call.named.items())
            sides.append(((replace(value, wrapped=(*value.wrapped, *wrapped)), condition),))
        elif isinstance(value, Reference):
            sides.append(((value, condition),))
        else:
            sides.append(under(call.unknown(), condition))
    return joined(*sides) if sides else call.unknown()


@models("dataclasses.field", "attr.ib", "attrs.field", "attr.field", "pydantic.Field", "pydantic.fields.Field")
def _field(call: Called) -> Alternatives:
    """What a field of a class is if it is not given."""
    factory = call.argument(len(call.positional), "default_factory") or call.argument(len(call.positional), "factory")
    if factory is not None and len(factory) == 1:
        (made,) = call.machine.call_each(factory[0][0], [[]], call.node)
        return made
    return call.argument(0, "default") or call.unknown()


@models("next")
def _next(call: Called) -> Alternatives:
    items, why = call.items() if call.positional else ([], None)
    if why is None and items and not items[0].condition:
        return items[0].value
    return call.unknown()


# Methods of containers


@dataclass(frozen=True)
class Target:
    """A container, as a method of it is called."""

    call: Called
    owner: Location
    container: Container


def container_method(machine: Machine, owner: Location, name: str, call: Called) -> Alternatives:
    """What a method of a list, a dict or a set returns; what it does to it is done."""
    container = machine.container(owner)
    assert container is not None
    method = _METHODS.get(name)
    if method is not None:
        return method(Target(call, owner, container))
    if name in _REMOVING:
        return _remove(call, owner, container, name)
    if name in ("sort", "reverse"):
        items = container.items[::-1] if name == "reverse" else container.items
        machine.change(owner, replace(container, items=items))
        return NONE
    return call.unknown()


_REMOVING = frozenset({"remove", "discard", "pop", "popitem", "clear"})


def _append(at: Target) -> Alternatives:
    if len(at.call.positional) == 1:
        item = Item(at.call.positional[0], ALWAYS)
        at.call.machine.change(at.owner, replace(at.container, items=(*at.container.items, item)))
    return NONE


def _insert(at: Target) -> Alternatives:
    index = _integer(at.call, at.call.positional[0]) if len(at.call.positional) == 2 else None
    if index is None:
        at.call.machine.change(
            at.owner, replace(at.container, open=Subject(at.call.machine.frame.document, at.call.node))
        )
        return NONE
    items = list(at.container.items)
    items.insert(index, Item(at.call.positional[1], ALWAYS))
    at.call.machine.change(at.owner, replace(at.container, items=tuple(items)))
    return NONE


def _extend(at: Target) -> Alternatives:
    items, opened = list(at.container.items), at.container.open
    if at.container.kind == "dict":
        made = _dict(at.call)
        more, why = at.call.machine.entries(made, at.call.node)
    else:
        more, why = at.call.items() if at.call.positional else ([], None)
    for item in more:
        both = conjunction(item.condition, ALWAYS)
        if both is not None:
            items.append(replace(item, condition=both))
    at.call.machine.change(at.owner, replace(at.container, items=tuple(items), open=opened or why))
    return NONE


def _setdefault(at: Target) -> Alternatives:
    value = at.call.argument(1) or NONE
    if at.call.positional:
        key = at.call.positional[0]
        known = looked_up(at.call.machine, at.container, key[0][0], at.call.node) if len(key) == 1 else None
        if known is not None:
            return known
        at.call.machine.change(at.owner, replace(at.container, items=(*at.container.items, Item(value, ALWAYS, key))))
    return value


def _remove(call: Called, owner: Location, container: Container, name: str) -> Alternatives:
    if name == "clear":
        call.machine.change(owner, replace(container, items=(), open=None))
        return NONE
    wanted = call.positional[0][0][0] if call.positional and len(call.positional[0]) == 1 else None
    constants = constants_of(container)
    at: int | None = None
    if (
        constants is not None
        and isinstance(wanted, Const)
        and (name in ("remove", "discard") or container.kind == "dict")
    ):
        if wanted.value in constants:
            at = constants.index(wanted.value)
        else:
            return call.argument(1) or NONE
    elif name == "pop" and container.kind == "list" and not any(item.condition for item in container.items):
        index = wanted.value if isinstance(wanted, Const) else -1 if not call.positional else None
        if isinstance(index, int) and container.open is None and -len(container.items) <= index < len(container.items):
            at = index % len(container.items)
    if at is None:
        why = Subject(call.machine.frame.document, call.node)
        call.machine.change(owner, replace(container, items=(), open=why))
        return call.unknown()
    items = container.items[:at] + container.items[at + 1 :]
    call.machine.change(owner, replace(container, items=items))
    return container.items[at].value


def _keys(at: Target) -> Alternatives:
    items, why = iterated(at.call.machine, at.owner, at.call.node)
    return at.call.machine.made("list", tuple(items), why)


def _values(at: Target) -> Alternatives:
    values = tuple(replace(each, key=None) for each in at.container.items)
    return at.call.machine.made("list", values, at.container.open)


def _dict_items(at: Target) -> Alternatives:
    rows = [[item.key or at.call.unknown(), item.value] for item in at.container.items]
    return _table(at.call, rows, [item.condition for item in at.container.items], at.container.open)


def _copied(at: Target) -> Alternatives:
    return at.call.machine.made(at.container.kind, at.container.items, at.container.open)


def _get(at: Target) -> Alternatives:
    default = at.call.argument(1, "default") or NONE
    sides: list[Alternatives] = []
    for key, own in at.call.positional[0] if at.call.positional else ():
        found = looked_up(at.call.machine, at.container, key, at.call.node)
        if found is not None:
            sides.append(under(found, own))
        exact = isinstance(key, Const) and found is not None and not any(c for _, c in found)
        if not exact:
            sides.append(under(default, own | _no_entry(at.container, key)))
    return joined(*sides) if sides else at.call.unknown()


def _no_entry(container: Container, key: Value) -> Condition:
    """That an unknown key is none of a table's."""
    if not isinstance(key, Unknown):
        return ALWAYS
    keys = [own for item in container.items for own, _ in item.key or ()]
    return frozenset((key.subject, own.value, False) for own in keys if isinstance(own, Const))


def _index(at: Target) -> Alternatives:
    constants = constants_of(at.container)
    wanted = at.call.positional[0][0][0] if at.call.positional and len(at.call.positional[0]) == 1 else None
    if constants is not None and isinstance(wanted, Const) and wanted.value in constants:
        return certain(Const(constants.index(wanted.value)))
    return at.call.unknown()


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
}


# Methods of texts

_TEXT_METHODS = frozenset(
    {"lower", "upper", "strip", "lstrip", "rstrip", "split", "rsplit", "replace", "join", "startswith", "endswith"}
    | {"format", "removeprefix", "removesuffix", "title", "capitalize", "partition", "rpartition", "isdigit", "zfill"}
    | {"count", "find", "splitlines", "casefold", "isalpha", "isnumeric"}
)
_FORMAT_TRAPS = re.compile(r"\{[^{}]*(?:[.\[]|:[^{}]*\d{3,}|:[^}]*\{)")


def text_method(machine: Machine, owner: Const, name: str, call: Called) -> Alternatives:
    """What a method of a text returns, for all alternatives of its arguments."""
    if name not in _TEXT_METHODS or call.unpacks or not isinstance(owner.value, str):
        return call.unknown()
    if name == "format" and _FORMAT_TRAPS.search(owner.value):
        return call.unknown()
    columns = [_plain(machine, alternatives) for alternatives in (*call.positional, *call.named.values())]
    if any(column is None for column in columns):
        return call.unknown()
    sides: list[Alternatives] = []
    names = list(call.named)
    for row in itertools.islice(itertools.product(*(column or [] for column in columns)), MOST_ITEMS):
        condition: Condition | None = ALWAYS
        for _, own in row:
            condition = conjunction(condition, own) if condition is not None else None
        if condition is None:
            continue
        values = [value for value, _ in row]
        positional = values[: len(call.positional)]
        made = _text(owner.value, name, positional, dict(zip(names, values[len(positional) :], strict=True)))
        sides.append(under(_result(machine, made, call), condition))
    return joined(*sides) if sides else call.unknown()


def _plain(machine: Machine, alternatives: Alternatives) -> list[tuple[object, Condition]] | None:
    found: list[tuple[object, Condition]] = []
    for value, condition in machine.settled(alternatives):
        constants = plain_constants(machine, value)
        if constants is not None:
            found.append((tuple(constants), condition))
        elif isinstance(value, Const):
            found.append((value.value, condition))
        else:
            return None
    return found


def _text(owner: str, name: str, given: list[object], named: dict[str, object]) -> object:
    try:
        made: object = getattr(owner, name)(*given, **named)
    except (TypeError, ValueError, IndexError, KeyError, AttributeError):
        return None
    return made if not isinstance(made, str) or len(made) <= MOST_LENGTH else None


def _result(machine: Machine, made: object, call: Called) -> Alternatives:
    origin = (machine.frame.document, call.node)
    if isinstance(made, (list, tuple)):
        kind = "list" if isinstance(made, list) else "tuple"
        return machine.made(kind, tuple(Item(certain(Const(each, origin))) for each in made))
    return certain(Const(made, origin)) if isinstance(made, (str, int, bool)) else call.unknown()
