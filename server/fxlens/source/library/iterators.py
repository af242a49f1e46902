"""Functions of ``itertools``, ``functools`` and ``operator`` that make sequences of others, by dotted name."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from fxlens.source.library.called import MOST_ITEMS, Called, models
from fxlens.source.library.functions import in_order_of, integer, ranks_of, table
from fxlens.source.values import (
    Alternatives,
    Condition,
    Const,
    Item,
    Location,
    Reference,
    Subject,
    certain,
    joined,
    under,
)

ENDLESS = "endless"
"""The kind of container of which more items are there than anybody takes: as many of them as any range may have."""


def endless(call: Called, items: Sequence[Item]) -> Alternatives:
    return call.machine.made(ENDLESS, tuple(items), Subject(call.machine.frame.document, call.node))


@models("itertools.repeat")
def _repeat(call: Called) -> Alternatives:
    if not call.positional:
        return call.unknown()
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
    items, why = call.items() if call.positional else ([], None)
    if why is not None or not items:
        return call.unknown()
    return endless(call, (items * (MOST_ITEMS // len(items) + 1))[:MOST_ITEMS])


@models("itertools.islice")
def _islice(call: Called) -> Alternatives:
    if len(call.positional) < 2:
        return call.unknown()
    items, why = call.items()
    bounds = [None if _is_none(each) else integer(call, each) for each in call.positional[1:]]
    stop = bounds[0] if len(bounds) == 1 else bounds[1]
    told = [bound is not None or _is_none(each) for bound, each in zip(bounds, call.positional[1:], strict=True)]
    enough = why is None or (stop is not None and stop <= len(items))
    if not all(told) or not enough or any(item.condition for item in items):
        return call.unknown()
    return in_order_of(call, "list", (items[slice(*bounds)], None))


def _is_none(alternatives: Alternatives) -> bool:
    return [value for value, _ in alternatives] == [Const(None)]


@models("itertools.starmap")
def _starmap(call: Called) -> Alternatives:
    if len(call.positional) != 2:
        return call.unknown()
    rows, why = call.items(1)
    arguments = [call.machine.items(row.value, call.node) for row in rows]
    if any(opened is not None for _, opened in arguments):
        return call.unknown()
    values = [[item.value for item in items] for items, _ in arguments]
    results = call.machine.call_each(call.positional[0][0][0], values, call.node)
    made = tuple(Item(result, row.condition) for result, row in zip(results, rows, strict=True))
    return call.machine.made("list", made, why)


@models("itertools.pairwise")
def _pairwise(call: Called) -> Alternatives:
    items, why = call.items() if call.positional else ([], None)
    pairs = list(itertools.pairwise(items))
    conditions: list[Condition] = [first.condition | second.condition for first, second in pairs]
    return table(call, [[first.value, second.value] for first, second in pairs], conditions, why)


@models("functools.reduce")
def _reduce(call: Called) -> Alternatives:
    if len(call.positional) < 2:
        return call.unknown()
    items, why = call.items(1)
    values = [*call.positional[2:], *(item.value for item in items)]
    if why is not None or not values or any(item.condition for item in items):
        return call.unknown()
    result = values[0]
    for value in values[1:]:
        (result,) = call.machine.call_each(call.positional[0][0][0], [[result, value]], call.node)
    return result


@models("max", "min")
def _extreme(call: Called) -> Alternatives:
    """The item with the largest or the smallest rank; of several, the first."""
    items, why = call.items() if len(call.positional) == 1 else ([Item(each) for each in call.positional], None)
    ranks = ranks_of(call, items)
    if why is not None or not items or ranks is None or any(item.condition for item in items):
        return call.argument(len(call.positional), "default") or call.unknown()
    choose = max if call.dotted == "max" else min
    try:
        return items[choose(range(len(items)), key=ranks.__getitem__)].value  # type: ignore[arg-type]
    except TypeError:
        return call.unknown()


@models("operator.itemgetter", "operator.attrgetter", "operator.methodcaller")
def _getter(call: Called) -> Alternatives:
    """A function that looks something up in what it is called with."""
    if call.unpacks or not call.positional:
        return call.unknown()
    return certain(Reference(f"{call.dotted}.__call__", wrapped=tuple(call.arguments)))


@models("operator.itemgetter.__call__", "operator.attrgetter.__call__")
def _got(call: Called) -> Alternatives:
    *keys, owner = call.positional
    parts = [joined(*(_part(call, owner, key) for key, _ in alternatives)) for alternatives in keys]
    return parts[0] if len(parts) == 1 else call.machine.made("tuple", tuple(map(Item, parts)))


def _part(call: Called, owner: Alternatives, key: object) -> Alternatives:
    sides: list[Alternatives] = []
    for value, condition in owner:
        if not isinstance(key, Const):
            return call.unknown()
        if "itemgetter" in call.dotted:
            part = call.machine.entry(value, key, call.node)
        else:
            part = certain(value)
            for name in str(key.value).split("."):
                part = joined(*(call.machine.attribute(each, name, call.node) for each, _ in part))
        sides.append(under(part, condition))
    return joined(*sides)


@models("collections.deque")
def _deque(call: Called) -> Alternatives:
    items, why = call.items() if call.positional else ([], None)
    if len(call.arguments) > 1:  # Of a greatest length.
        why = why or Subject(call.machine.frame.document, call.node)
    return call.machine.made("list", tuple(items), why)


@models("collections.ChainMap")
def _chain_map(call: Called) -> Alternatives:
    """The entries of several dicts; of those with the same key, the first."""
    merged = call.machine.made("dict", ())
    for value, _ in merged:
        container = call.machine.container(value)
        if container is None or not isinstance(value, Location):
            return call.unknown()
        columns = [call.machine.entries(each, call.node) for each in reversed(call.positional)]
        items = tuple(item for entries, _ in columns for item in entries)
        why = next((opened for _, opened in columns if opened is not None), None)
        call.machine.change(value, replace(container, items=items, open=why))
    return merged
