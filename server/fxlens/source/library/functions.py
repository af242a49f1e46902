"""Functions of Python's library, by dotted name."""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias

from fxlens.source.alternatives import certain, integer_of, is_none, joined, of_kind, only, text_of, under
from fxlens.source.library.called import MOST_ITEMS, Called, models
from fxlens.source.library.containers import plain_constants
from fxlens.source.library.interpreter_interface import Given, Machine
from fxlens.source.library.module_containers import modules_in
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
    return in_order_of(call, kind, call.items())


def in_order_of(call: Called, kind: str, listed: tuple[list[Item], Subject | None]) -> Alternatives:
    """A container of the items of the call's argument, in no certain order if that has none."""
    items, why = listed
    made = call.machine.made(kind, tuple(items), why)
    if not has_order(call):
        call.machine.unorder(made)
    return made


def has_order(call: Called) -> bool:
    """Whether the text tells the order in which the first argument yields its items."""
    containers = (call.machine.container(value) for value, _ in call.argument(0) or ())
    return all(each is None or each.is_ordered for each in containers)


@models("reversed", least=1)
def _reversed(call: Called) -> Alternatives:
    items, why = call.items()
    return in_order_of(call, "list", (items[::-1], why))


@models("sorted", least=1)
def _sorted(call: Called) -> Alternatives:
    items, why = call.items()
    in_order = sorted_items(call, items)
    made = call.machine.made("list", tuple(items if in_order is None else in_order), why)
    if in_order is None:
        call.machine.unorder(made)
    return made


def sorted_items(call: Called, items: Sequence[Item]) -> list[Item] | None:
    """The items in the order of ``sorted`` and of ``list.sort``; nothing where only a run can tell it."""
    ranks = ranks_of(call, items)
    backwards = only(call.named.get("reverse", certain(Const(False))))
    if ranks is None or not isinstance(backwards, Const):
        return None
    try:
        order = sorted(range(len(items)), key=ranks.__getitem__, reverse=bool(backwards.value))  # type: ignore[arg-type]
    except TypeError:
        return None
    return [items[at] for at in order]


def ranks_of(call: Called, items: Sequence[Item]) -> list[Hashable] | None:
    """What the argument ``key`` makes of each item; the items themselves without it."""
    function = only(call.named.get("key", NONE))
    if function is None:
        return None
    plain = [_rank(call.machine, rank) for rank in _each_by(call, function, items)]
    return None if None in plain else plain


def _each_by(call: Called, function: Value, items: Sequence[Item]) -> list[Alternatives]:
    """What a function makes of each item; the items themselves if it is ``None``."""
    values = [item.value for item in items]
    return values if is_none(function) else call.machine.call_each(function, [[value] for value in values], call.node)


def _rank(machine: Machine, rank: Alternatives) -> Hashable | None:
    value = only(rank)
    if isinstance(value, Const):
        return value.value
    constants = plain_constants(machine, value) if value is not None else None
    return tuple(constants) if constants is not None else None


@models("filter", least=2, most=2)
def _filter(call: Called) -> Alternatives:
    items, why = call.items(1)
    kept: list[Item] = []
    for item, result in zip(items, _each_by(call, call.positional[0][0][0], items), strict=True):
        truths = {call.machine.truth_of(value) for value, _ in result}
        if truths == {True}:
            kept.append(item)
        elif truths != {False}:
            why = why or call.open()
    return call.machine.made("list", tuple(kept), why)


@models("map", least=2)
def applied_to_items(call: Called) -> Alternatives:
    """What a function returns of each of the items of the other arguments."""
    function, *_ = call.positional
    columns = _columns(call)[1:]
    rows = _rows(columns)
    values = [[item.value for item in row] for row in rows]
    results = call.machine.call_each(function[0][0], values, call.node, call.given_in_order[1:])
    made = [Item(result, row[0].condition) for result, row in zip(results, rows, strict=True)]
    return call.machine.made("list", tuple(made), first_reason(columns))


@models("dict", "collections.OrderedDict", "typing.OrderedDict", "types.SimpleNamespace.__dict__")
def dict_of(call: Called) -> Alternatives:
    items: list[Item] = []
    opened: Subject | None = None
    sources: list[Container | None] = []
    for each in call.arguments:
        if each.keyword:
            items.append(_named_entry(call, each))
            continue
        is_table = each.star == "**" or _is_dict(call.machine, each.alternatives, call.node)
        if each.star and not is_table:
            return call.unknown()
        more, why = call.machine.entries(each.alternatives, call.node) if is_table else _pairs(call, each.alternatives)
        sources += [call.machine.container(value) for value, _ in each.alternatives if is_table]
        items += more
        opened = opened or why
    return call.machine.made_of("dict", tuple(items), opened, sources, call.node)


def _named_entry(call: Called, argument: Given) -> Item:
    document = call.machine.frame.document
    key = certain(Const(argument.keyword, (document, _keyword_of(call.node, argument))))
    label = document.code(argument.node) if argument.node is not None else None
    return Item(argument.alternatives, ALWAYS, key, label)


@models("collections.defaultdict")
def _defaultdict(call: Called) -> Alternatives:
    factory = call.argument(0)
    if factory is None or call.unpacks or call.named:
        return call.unknown()
    made = dict_of(replace(call, arguments=call.arguments[1:]))
    for value in of_kind(Location, made):
        container = call.machine.container(value)
        if container is not None and len(factory) == 1:
            call.machine.change(value, replace(container, factory=factory[0][0], output=None))
    return made


def _keyword_of(node: n.Expression, named: Given) -> n.Node:
    arguments = node.arguments if isinstance(node, n.Call) else ()
    return next((argument for argument in arguments if argument.keyword == named.keyword), node)


def _is_dict(machine: Machine, alternatives: Alternatives, node: n.Expression) -> bool:
    return bool(alternatives) and all(_is_mapping(machine, value, node) for value, _ in alternatives)


def _is_mapping(machine: Machine, value: Value, node: n.Expression) -> bool:
    container = machine.container(value)
    if container is None or container.kind == "dict":
        return container is not None
    return container.kind == "instance" and machine.table_of(value, node) is not None


def _pairs(call: Called, alternatives: Alternatives) -> tuple[list[Item], Subject | None]:
    rows, why = call.machine.items(alternatives, call.node)
    items: list[Item] = []
    for row in rows:
        parts, inner = call.machine.items(row.value, call.node)
        if inner is not None or len(parts) != 2:
            return items, inner or Subject(call.machine.frame.document, call.node)
        items.append(Item(parts[1].value, row.condition, parts[0].value, row.label))
    return items, why


@models("dict.fromkeys", "collections.OrderedDict.fromkeys", least=1)
def from_keys(call: Called) -> Alternatives:
    items, why = call.items()
    value = call.argument(1) or NONE
    return call.machine.made("dict", tuple(Item(value, item.condition, item.value) for item in items), why)


@models("enumerate", least=1)
def _enumerate(call: Called) -> Alternatives:
    items, why = call.items()
    start = call.argument(1, "start") or certain(Const(0))
    first = integer_of(start[0][0])
    if first is None:
        return call.unknown()
    rows = [[certain(Const(first + at)), item.value] for at, item in enumerate(items)]
    return table(call, rows, [item.condition for item in items], why)


@models("zip", "itertools.zip_longest")
def _zip(call: Called) -> Alternatives:
    columns = _columns(call)
    if not columns:
        return call.machine.made("list", ())
    ended = [column for at, column in enumerate(columns) if not _is_endless(call, at)]
    return table_of(call, _rows(columns), first_reason(ended)) if ended else call.unknown()


def _is_endless(call: Called, at: int) -> bool:
    containers = [call.machine.container(value) for value, _ in call.positional[at]]
    return all(each is not None and each.kind == "endless" for each in containers)


def all_of(row: Iterable[Item]) -> Condition:
    """The condition under which all of the items are there."""
    return frozenset().union(*(item.condition for item in row))


def table(
    call: Called, rows: list[list[Alternatives]], conditions: Sequence[Condition], why: Subject | None
) -> Alternatives:
    made = [call.machine.made("tuple", tuple(Item(value) for value in row)) for row in rows]
    return call.machine.made("list", tuple(map(Item, made, conditions)), why)


Column: TypeAlias = tuple[list[Item], Subject | None]
"""The items of an argument that is gone through, and why there may be others."""


def _columns(call: Called) -> list[Column]:
    return [call.items(at) for at in range(len(call.positional))]


def _rows(columns: Sequence[Column]) -> list[tuple[Item, ...]]:
    return list(zip(*(items for items, _ in columns), strict=False))


def table_of(call: Called, rows: Sequence[Sequence[Item]], why: Subject | None) -> Alternatives:
    return table(call, [[item.value for item in row] for row in rows], [all_of(row) for row in rows], why)


def first_reason(columns: Iterable[Column]) -> Subject | None:
    return next((why for _, why in columns if why is not None), None)


@models("itertools.product")
def _product(call: Called) -> Alternatives:
    columns = _columns(call)
    if math.prod(len(items) for items, _ in columns) > MOST_ITEMS:
        return call.unknown()
    return table_of(call, list(itertools.product(*(items for items, _ in columns))), first_reason(columns))


@models("itertools.chain")
def _chain(call: Called) -> Alternatives:
    return _joined_columns(call, _columns(call))


@models("itertools.chain.from_iterable")
def _chain_from_iterable(call: Called) -> Alternatives:
    rows, why = call.items()
    return _joined_columns(call, [*(call.machine.items(row.value, call.node) for row in rows), ([], why)])


def _joined_columns(call: Called, columns: list[Column]) -> Alternatives:
    items = tuple(item for column, _ in columns for item in column)
    return call.machine.made("list", items, first_reason(columns))


@models("copy.copy", "copy.deepcopy")
def _copy(call: Called) -> Alternatives:
    sides = [under(_copied(call, value), condition) for value, condition in call.argument(0) or ()]
    return joined(*sides) or call.machine.unknown(call.node, made_by="copy.deepcopy")


def _copied(call: Called, value: Value) -> Alternatives:
    container = call.machine.collection(value)
    if container is not None:
        return call.machine.made_of(container.kind, container.items, container.open, [container], call.node)
    return certain(value) if isinstance(value, Const) else ()


@models("range", least=1, most=3)
def _range(call: Called) -> Alternatives:
    bounds = [integer(call, each) for each in call.positional]
    numbers = [each for each in bounds if each is not None]
    if call.unpacks or len(numbers) < len(bounds) or numbers[2:] == [0]:
        return call.unknown()
    counted = range(*numbers)
    if len(counted) > MOST_ITEMS:
        return call.unknown()
    return call.machine.made("tuple", tuple(Item(certain(Const(each))) for each in counted))


def integer(call: Called, alternatives: Alternatives) -> int | None:
    return integer_of(only(call.machine.settled(alternatives)))


@models("any", "all", least=1, most=1)
def _any(call: Called) -> Alternatives:
    """Whether one of the items is true, or all of them are, where the text tells that."""
    items, why = call.items()
    ends = call.dotted == "any"
    truths = [(call.machine.truth_of(value), item.condition | own) for item in items for value, own in item.value]
    if any(truth is ends and not condition for truth, condition in truths):
        return certain(Const(ends))
    if why is None and all(truth is (not ends) for truth, _ in truths):
        return certain(Const(not ends))
    return call.unknown()


@models("len", least=1)
def _len(call: Called) -> Alternatives:
    sides = [(_length(call, value), condition) for value, condition in call.machine.settled(call.positional[0])]
    if any(length is None for length, _ in sides):
        return call.unknown()
    return call.any_of([under(length, condition) for length, condition in sides if length is not None])


def _length(call: Called, value: Value) -> Alternatives | None:
    """The length of a value; nothing where the text tells nothing of it."""
    text, container = text_of(value), call.machine.container(value)
    if text is not None:
        return certain(Const(len(text)))
    if isinstance(value, Unknown):
        return _number_of_modules(call, value.subject)
    if container is None:
        return None
    if container.kind == "instance":
        methods = call.machine.attribute(value, "__len__", call.node)
        (result,) = call.machine.call_each(methods[0][0], [[]], call.node)
        return result
    return certain(Const(len(container.items))) if container.is_told else None


def _number_of_modules(call: Called, subject: Subject) -> Alternatives:
    held = modules_in(call.machine, subject, call.node)
    length = Unknown(call.machine.subject(("len", subject), call.node)) if held is None else Const(len(held.items))
    return certain(length)
