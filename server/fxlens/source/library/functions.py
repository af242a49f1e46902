"""Functions of Python's library, by dotted name."""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias

from fxlens.source.alternatives import certain, joined, under
from fxlens.source.library.called import MOST_ITEMS, Called, models
from fxlens.source.library.interpreter_interface import Given, Machine
from fxlens.source.library.module_containers import modules_in
from fxlens.source.library.python import (
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
    Item,
    Location,
    Subject,
    Unknown,
    Value,
)


@models("list", "tuple", "set", "frozenset", "iter", "tqdm.tqdm", "tqdm.auto.tqdm", "tqdm.notebook.tqdm", "dict.keys")
def _same_items(call: Called) -> Alternatives:
    kind = {"tuple": "tuple", "set": "set", "frozenset": "set"}.get(call.dotted, "list")
    if not call.positional:
        return call.machine.made(kind, ())
    return in_order_of(call, kind, call.items())


def in_order_of(call: Called, kind: str, listed: tuple[list[Item], Subject | None]) -> Alternatives:
    """A container of the items of the call's argument, in no certain order if that has none."""
    items, why = listed
    containers = [call.machine.container(value) for value, _ in call.positional[0]]
    made = call.machine.made(kind, tuple(items), why)
    if any(each is not None and (each.unordered or each.kind == "set") for each in containers):
        call.machine.unorder(made)
    return made


@models("reversed")
def _reversed(call: Called) -> Alternatives:
    if not call.positional:
        return call.unknown()
    items, why = call.items()
    return in_order_of(call, "list", (items[::-1], why))


@models("sorted")
def _sorted(call: Called) -> Alternatives:
    if not call.positional:
        return call.unknown()
    items, why = call.items()
    in_order = sorted_items(call, items)
    made = call.machine.made("list", tuple(items if in_order is None else in_order), why)
    if in_order is None:
        call.machine.unorder(made)
    return made


def sorted_items(call: Called, items: Sequence[Item]) -> list[Item] | None:
    """The items in the order of ``sorted`` and of ``list.sort``; nothing where only a run can tell it."""
    ranks = ranks_of(call, items)
    backwards = call.named.get("reverse", certain(Const(False)))
    if ranks is None or len(backwards) != 1 or not isinstance(backwards[0][0], Const):
        return None
    try:
        order = sorted(range(len(items)), key=ranks.__getitem__, reverse=bool(backwards[0][0].value))  # type: ignore[arg-type]
    except TypeError:
        return None
    return [items[at] for at in order]


def ranks_of(call: Called, items: Sequence[Item]) -> list[Hashable] | None:
    """What the argument ``key`` makes of each item; the items themselves without it."""
    key = call.named.get("key", NONE)
    function = key[0][0] if len(key) == 1 else None
    if function is None:
        return None
    ranks = [item.value for item in items]
    if function != NONE[0][0]:
        ranks = call.machine.call_each(function, [[rank] for rank in ranks], call.node)
    plain = [_rank(call.machine, rank) for rank in ranks]
    return None if None in plain else plain


def _rank(machine: Machine, rank: Alternatives) -> Hashable | None:
    value = rank[0][0] if len(rank) == 1 else None
    if isinstance(value, Const):
        return value.value
    constants = plain_constants(machine, value) if value is not None else None
    return tuple(constants) if constants is not None else None


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
def mapped(call: Called) -> Alternatives:
    """What a function returns of each of the items of the other arguments."""
    if len(call.positional) < 2:
        return call.unknown()
    columns = [call.items(at) for at in range(1, len(call.positional))]
    rows = list(zip(*(items for items, _ in columns), strict=False))
    sources = [each for each in call.arguments if not each.keyword and not each.star][1:]
    results = call.machine.call_each(
        call.positional[0][0][0], [[item.value for item in row] for row in rows], call.node, sources
    )
    why = next((each for _, each in columns if each is not None), None)
    made = [Item(result, row[0].condition) for result, row in zip(results, rows, strict=True)]
    return call.machine.made("list", tuple(made), why)


@models("dict", "collections.OrderedDict", "typing.OrderedDict", "types.SimpleNamespace.__dict__")
def dict_of(call: Called) -> Alternatives:
    items: list[Item] = []
    opened: Subject | None = None
    sources: list[Container | None] = []
    for each in call.arguments:
        if each.keyword:
            key = certain(Const(each.keyword, (call.machine.frame.document, _keyword_of(call.node, each))))
            label = call.machine.frame.document.code(each.node) if each.node is not None else None
            items.append(Item(each.alternatives, ALWAYS, key, label))
        elif each.star == "**" or _is_dict(call.machine, each.alternatives, call.node):
            more, why = call.machine.entries(each.alternatives, call.node)
            sources += [call.machine.container(value) for value, _ in each.alternatives]
            items += more
            opened = opened or why
        elif each.star:
            return call.unknown()
        else:
            pairs, why = _pairs(call, each.alternatives)
            items += pairs
            opened = opened or why
    return call.machine.made_of("dict", tuple(items), opened, sources, call.node)


@models("collections.defaultdict")
def _defaultdict(call: Called) -> Alternatives:
    factory = call.argument(0)
    if factory is None or call.unpacks or any(each.keyword for each in call.arguments):
        return call.unknown()
    rest = call.arguments[1:]
    made = dict_of(Called(call.machine, rest, call.node, call.dotted)) if rest else call.machine.made("dict", ())
    for value, _ in made:
        container = call.machine.container(value)
        if isinstance(value, Location) and container is not None and len(factory) == 1:
            call.machine.change(value, replace(container, factory=factory[0][0], output=None))
    return made


def _keyword_of(node: n.Expression, named: Given) -> n.Node:
    if isinstance(node, n.Call):
        for argument in node.arguments:
            if argument.keyword == named.keyword:
                return argument
    return node


def _is_dict(machine: Machine, alternatives: Alternatives, node: n.Expression) -> bool:
    containers = [machine.container(value) for value, _ in alternatives]
    return bool(containers) and all(
        each is not None
        and (each.kind == "dict" or (each.kind == "instance" and machine.table_of(value, node) is not None))
        for each, (value, _) in zip(containers, alternatives, strict=True)
    )


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
def from_keys(call: Called) -> Alternatives:
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
    return table(call, rows, [item.condition for item in items], why)


@models("zip", "itertools.zip_longest")
def _zip(call: Called) -> Alternatives:
    columns = [call.items(at) for at in range(len(call.positional))]
    if not columns:
        return call.machine.made("list", ())
    rows = list(zip(*(items for items, _ in columns), strict=False))
    opened = [why for at, (_, why) in enumerate(columns) if why is not None and not _is_endless(call, at)]
    why = opened[0] if opened or not columns else None
    if len(opened) < sum(each is not None for _, each in columns) == len(columns):
        return call.unknown()  # All of them are endless.
    conditions = [_all(item.condition for item in row) for row in rows]
    return table(call, [[item.value for item in row] for row in rows], conditions, why)


def _is_endless(call: Called, at: int) -> bool:
    containers = [call.machine.container(value) for value, _ in call.positional[at]]
    return all(each is not None and each.kind == "endless" for each in containers)


def _all(conditions: object) -> Condition:
    return frozenset().union(*conditions)  # type: ignore[misc]


def table(
    call: Called, rows: list[list[Alternatives]], conditions: Sequence[Condition], why: Subject | None
) -> Alternatives:
    made = [call.machine.made("tuple", tuple(Item(value) for value in row)) for row in rows]
    return call.machine.made("list", tuple(map(Item, made, conditions)), why)


Column: TypeAlias = tuple[list[Item], Subject | None]
"""The items of an argument that is gone through, and why there may be others."""


def _columns(call: Called) -> list[Column]:
    return [call.items(at) for at in range(len(call.positional))]


def _first_reason(columns: Iterable[Column]) -> Subject | None:
    return next((why for _, why in columns if why is not None), None)


@models("itertools.product")
def _product(call: Called) -> Alternatives:
    columns = _columns(call)
    if math.prod(len(items) for items, _ in columns) > MOST_ITEMS:
        return call.unknown()
    rows = list(itertools.product(*(items for items, _ in columns)))
    conditions = [_all(item.condition for item in row) for row in rows]
    return table(call, [[item.value for item in row] for row in rows], conditions, _first_reason(columns))


@models("itertools.chain")
def _chain(call: Called) -> Alternatives:
    return _joined_columns(call, _columns(call))


@models("itertools.chain.from_iterable")
def _chain_from_iterable(call: Called) -> Alternatives:
    rows, why = call.items() if call.positional else ([], None)
    return _joined_columns(call, [*(call.machine.items(row.value, call.node) for row in rows), ([], why)])


def _joined_columns(call: Called, columns: list[Column]) -> Alternatives:
    items = tuple(item for column, _ in columns for item in column)
    return call.machine.made("list", items, _first_reason(columns))


@models("copy.copy", "copy.deepcopy")
def _copy(call: Called) -> Alternatives:
    sides: list[Alternatives] = []
    for value, condition in call.positional[0] if call.positional else ():
        container = call.machine.container(value)
        if container is not None and container.kind != "instance":
            made = call.machine.made_of(container.kind, container.items, container.open, [container], call.node)
            sides.append(under(made, condition))
        elif isinstance(value, Const):
            sides.append(((value, condition),))
    return joined(*sides) if sides else call.machine.unknown(call.node, made_by="copy.deepcopy")


@models("range")
def _range(call: Called) -> Alternatives:
    bounds = [integer(call, each) for each in call.positional]
    if not bounds or len(bounds) > 3 or call.unpacks or any(each is None for each in bounds) or bounds[2:] == [0]:
        return call.unknown()
    counted = range(*(each for each in bounds if each is not None))
    if len(counted) > MOST_ITEMS:
        return call.unknown()
    return call.machine.made("tuple", tuple(Item(certain(Const(each))) for each in counted))


def integer(call: Called, alternatives: Alternatives) -> int | None:
    values = [value for value, _ in call.machine.settled(alternatives)]
    only = values[0] if len(values) == 1 else None
    return only.value if isinstance(only, Const) and isinstance(only.value, int) else None


@models("any", "all")
def _any(call: Called) -> Alternatives:
    """Whether one of the items is true, or all of them are, where the text tells that."""
    items, why = call.items() if len(call.positional) == 1 else ([], Subject(call.machine.frame.document, call.node))
    ends = call.dotted == "any"
    truths = [(call.machine.truth_of(value), item.condition | own) for item in items for value, own in item.value]
    if any(truth is ends and not condition for truth, condition in truths):
        return certain(Const(ends))
    if why is None and all(truth is (not ends) for truth, _ in truths):
        return certain(Const(not ends))
    return call.unknown()


@models("len")
def _len(call: Called) -> Alternatives:
    sides: list[Alternatives] = []
    for value, condition in call.machine.settled(call.positional[0]) if call.positional else ():
        length = _length(call, value)
        if length is None:
            return call.unknown()
        sides.append(under(length, condition))
    return joined(*sides) if sides else call.unknown()


def _length(call: Called, value: Value) -> Alternatives | None:
    """The length of a value; nothing where the text tells nothing of it."""
    if isinstance(value, Const) and isinstance(value.value, str):
        return certain(Const(len(value.value)))
    if isinstance(value, Unknown):
        held = modules_in(call.machine, value.subject, call.node)
        if held is not None:
            return certain(Const(len(held.items)))
        return certain(Unknown(call.machine.subject(("len", value.subject), call.node)))
    container = call.machine.container(value)
    if container is None:
        return None
    if container.kind == "instance":
        methods = call.machine.attribute(value, "__len__", call.node)
        (result,) = call.machine.call_each(methods[0][0], [[]], call.node)
        return result
    is_told = container.open is None and not any(item.condition for item in container.items)
    return certain(Const(len(container.items))) if is_told else None
