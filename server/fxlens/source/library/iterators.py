"""Functions of ``itertools``, ``functools`` and ``operator`` that make sequences of others, by dotted name."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from fxlens.source.alternatives import are_certain, certain, is_none, joined, mapped, only
from fxlens.source.library.called import MOST_ITEMS, Called, models
from fxlens.source.library.functions import first_reason, in_order_of, integer, ranks_of, table, table_of
from fxlens.source.library.interpreter_interface import Given
from fxlens.source.values import ALWAYS, Alternatives, Const, Item, Reference, Subject, Value

MOST_CHOSEN_FROM = 64
ENDLESS = "endless"
"""The kind of container of which more items are there than anybody takes: as many of them as any range may have."""


def endless(call: Called, items: Sequence[Item]) -> Alternatives:
    return call.machine.made(ENDLESS, tuple(items), call.open())


@models("itertools.repeat", least=1)
def _repeat(call: Called) -> Alternatives:
    item = Item(call.positional[0])
    times = call.argument(1, "times")
    if times is None:
        return endless(call, [item] * MOST_ITEMS)
    count = integer(call, times)
    return call.unknown() if count is None or count > MOST_ITEMS else call.machine.made("list", (item,) * count)


@models("itertools.count")
def _count(call: Called) -> Alternatives:
    first = integer(call, call.argument(0, "start") or certain(Const(0)))
    step = integer(call, call.argument(1, "step") or certain(Const(1)))
    if first is None or step is None:
        return call.unknown()
    return endless(call, [Item(certain(Const(first + step * at))) for at in range(MOST_ITEMS)])


@models("itertools.cycle")
def _cycle(call: Called) -> Alternatives:
    items, why = call.items()
    if why is not None or not items:
        return call.unknown()
    return endless(call, (items * (MOST_ITEMS // len(items) + 1))[:MOST_ITEMS])


@models("itertools.islice", least=2)
def _islice(call: Called) -> Alternatives:
    items, why = call.items()
    bounds = _bounds(call, call.positional[1:])
    if bounds is None or not are_certain(items) or not _reaches(items, why, bounds):
        return call.unknown()
    return in_order_of(call, "list", (items[bounds], None))


def _bounds(call: Called, written: Sequence[Alternatives]) -> slice | None:
    bounds = [integer(call, each) for each in written]
    told = (bound is not None or is_none(only(each)) for bound, each in zip(bounds, written, strict=True))
    return slice(*bounds) if all(told) else None


def _reaches(items: Sequence[Item], why: Subject | None, bounds: slice) -> bool:
    """Whether what is told of an iterator goes as far as a slice does."""
    return why is None or (bounds.stop is not None and bounds.stop <= len(items))


@models("itertools.starmap", least=2)
def applied_to_rows(call: Called) -> Alternatives:
    """What a function returns of the items of each row."""
    rows, why = call.items(1)
    made = [Item(_applied_to(call, at, row.value), row.condition) for at, row in enumerate(rows)]
    return call.machine.made("list", tuple(made), why)


def _applied_to(call: Called, at: int, row: Alternatives) -> Alternatives:
    arguments = call.machine.spread(call.machine.item_of(call.given_in_order[1], at, row), "*")
    return mapped(lambda function: call.machine.call_value(function, arguments, call.node), call.positional[0])


@models("itertools.pairwise")
def _pairwise(call: Called) -> Alternatives:
    items, why = call.items()
    return table_of(call, list(itertools.pairwise(items)), why)


@models("functools.reduce", least=2)
def _reduce(call: Called) -> Alternatives:
    function, _, *first = call.positional
    items = call.told_items(1)
    values = [*first, *(item.value for item in items or ())]
    if items is None or not values:
        return call.unknown()
    result = values[0]
    for value in values[1:]:
        (result,) = call.machine.call_each(function[0][0], [[result, value]], call.node)
    return result


@models("itertools.combinations", "itertools.permutations", least=1)
def _chosen(call: Called) -> Alternatives:
    items, why = call.items()
    count = integer(call, call.argument(1, "r") or certain(Const(len(items))))
    if why is not None or count is None or count < 0 or len(items) > MOST_CHOSEN_FROM:
        return call.unknown()
    choose = itertools.combinations if call.dotted.endswith("combinations") else itertools.permutations
    rows = list(itertools.islice(choose(items, count), MOST_ITEMS + 1))
    return table_of(call, rows, None) if len(rows) <= MOST_ITEMS else call.unknown()


@models("itertools.takewhile", "itertools.dropwhile", "itertools.filterfalse", least=2, most=2)
def _while(call: Called) -> Alternatives:
    items = call.told_items(1)
    truths = _truths(call, items) if items is not None else None
    if items is None or truths is None:
        return call.unknown()
    end = truths.index(False) if False in truths else len(items)
    kept = {
        "itertools.takewhile": items[:end],
        "itertools.dropwhile": items[end:],
        "itertools.filterfalse": [item for item, truth in zip(items, truths, strict=True) if not truth],
    }
    return in_order_of(replace(call, arguments=call.arguments[1:]), "list", (kept[call.dotted], None))


def _truths(call: Called, items: Sequence[Item]) -> list[bool] | None:
    """Whether what a function returns of each item is true; nothing where only a run can tell."""
    results = call.machine.call_each(call.positional[0][0][0], [[item.value] for item in items], call.node)
    values = [only(result) for result in results]
    truths = [call.machine.truth_of(value) for value in values if value is not None]
    told = [truth for truth in truths if isinstance(truth, bool)]
    return told if len(told) == len(items) else None


@models("itertools.groupby", least=1)
def _groups(call: Called) -> Alternatives:
    items = call.told_items()
    ranks = ranks_of(replace(call, arguments=[*call.arguments[:1], *_key_of(call)]), items or ())
    if items is None or ranks is None:
        return call.unknown()
    rows: list[list[Alternatives]] = []
    for rank, group in itertools.groupby(zip(ranks, items, strict=True), key=lambda pair: pair[0]):
        rows.append([certain(Const(rank)), call.machine.made("list", tuple(item for _, item in group))])
    return table(call, rows, [ALWAYS] * len(rows), None)


def _key_of(call: Called) -> list[Given]:
    """The second argument of ``groupby``, by its name."""
    return [each for each in call.arguments if each.keyword == "key"]


@models("max", "min")
def _extreme(call: Called) -> Alternatives:
    """The item with the largest or the smallest rank; of several, the first."""
    items = call.told_items() if len(call.positional) == 1 else [Item(each) for each in call.positional]
    ranks = ranks_of(call, items) if items else None
    if not items or ranks is None:
        return call.argument(len(call.positional), "default") or call.unknown()
    choose = max if call.dotted == "max" else min
    try:
        return items[choose(range(len(items)), key=ranks.__getitem__)].value  # type: ignore[arg-type]
    except TypeError:
        return call.unknown()


@models("operator.itemgetter", "operator.attrgetter", "operator.methodcaller", least=1)
def _getter(call: Called) -> Alternatives:
    """A function that looks something up in what it is called with."""
    if call.unpacks:
        return call.unknown()
    return certain(Reference(f"{call.dotted}.__call__", wrapped=tuple(call.arguments)))


@models("operator.itemgetter.__call__", "operator.attrgetter.__call__")
def _got(call: Called) -> Alternatives:
    *keys, owner = call.positional
    parts = [joined(*(_part(call, owner, key) for key, _ in alternatives)) for alternatives in keys]
    return parts[0] if len(parts) == 1 else call.machine.made("tuple", tuple(map(Item, parts)))


def _part(call: Called, owner: Alternatives, key: Value) -> Alternatives:
    if not isinstance(key, Const):
        return call.unknown()
    if "itemgetter" in call.dotted:
        return mapped(lambda value: call.machine.entry(value, key, call.node), owner)
    return mapped(lambda value: _attribute_at(call, value, str(key.value).split(".")), owner)


def _attribute_at(call: Called, value: Value, path: Sequence[str]) -> Alternatives:
    part = certain(value)
    for name in path:
        part = joined(*(call.machine.attribute(each, name, call.node) for each, _ in part))
    return part


@models("collections.deque")
def _deque(call: Called) -> Alternatives:
    items, why = call.items()
    if len(call.arguments) > 1:  # Of a greatest length.
        why = why or call.open()
    return call.machine.made("list", tuple(items), why)


@models("collections.ChainMap")
def _chain_map(call: Called) -> Alternatives:
    """The entries of several dicts; of those with the same key, the first."""
    columns = [call.machine.entries(each, call.node) for each in reversed(call.positional)]
    items = tuple(item for entries, _ in columns for item in entries)
    return call.machine.made("dict", items, first_reason(columns))
