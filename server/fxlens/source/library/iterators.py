"""Functions of ``itertools``, ``functools`` and ``operator`` that make sequences of others, by dotted name."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from fxlens.source.alternatives import certain, joined, under
from fxlens.source.library.called import MOST_ITEMS, Called, models
from fxlens.source.library.functions import in_order_of, integer, ranks_of, table
from fxlens.source.library.interpreter_interface import Given
from fxlens.source.values import ALWAYS, Alternatives, Condition, Const, Item, Location, Reference, Subject

MOST_CHOSEN_FROM = 64
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
def applied_to_rows(call: Called) -> Alternatives:
    """What a function returns of the items of each row."""
    if len(call.positional) < 2:
        return call.unknown()
    rows, why = call.items(1)
    source = [each for each in call.arguments if not each.keyword and not each.star][1]
    functions = call.positional[0]
    made: list[Item] = []
    for at, row in enumerate(rows):
        arguments = call.machine.spread(call.machine.item_of(source, at, row.value), "*")
        results = (under(call.machine.call_value(value, arguments, call.node), own) for value, own in functions)
        made.append(Item(joined(*results), row.condition))
    return call.machine.made("list", tuple(made), why)


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


@models("itertools.combinations", "itertools.permutations")
def _chosen(call: Called) -> Alternatives:
    items, why = call.items() if call.positional else ([], None)
    count = integer(call, call.argument(1, "r") or certain(Const(len(items))))
    choose = itertools.combinations if call.dotted.endswith("combinations") else itertools.permutations
    if why is not None or count is None or not call.positional or len(items) > MOST_CHOSEN_FROM:
        return call.unknown()
    rows = list(choose(items, count))
    if len(rows) > MOST_ITEMS:
        return call.unknown()
    conditions = [frozenset().union(*(item.condition for item in row)) for row in rows]
    return table(call, [[item.value for item in row] for row in rows], conditions, None)


@models("itertools.takewhile", "itertools.dropwhile", "itertools.filterfalse")
def _while(call: Called) -> Alternatives:
    if len(call.positional) != 2:
        return call.unknown()
    items, why = call.items(1)
    results = call.machine.call_each(call.positional[0][0][0], [[item.value] for item in items], call.node)
    truths = [
        call.machine.truth_of(result[0][0]) if len(result) == 1 and not item.condition else None
        for item, result in zip(items, results, strict=True)
    ]
    if why is not None or not all(isinstance(truth, bool) for truth in truths):
        return call.unknown()
    end = truths.index(False) if False in truths else len(items)
    kept = {
        "itertools.takewhile": items[:end],
        "itertools.dropwhile": items[end:],
        "itertools.filterfalse": [item for item, truth in zip(items, truths, strict=True) if not truth],
    }
    return in_order_of(Called(call.machine, call.arguments[1:], call.node), "list", (kept[call.dotted], None))


@models("itertools.groupby")
def _groups(call: Called) -> Alternatives:
    items, why = call.items() if call.positional else ([], None)
    ranks = ranks_of(replace(call, arguments=[*call.arguments[:1], *_key_of(call)]), items)
    if why is not None or ranks is None or any(item.condition for item in items) or not call.positional:
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
