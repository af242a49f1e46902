"""Functions that make numbers and texts of others, by dotted name."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from fxlens.source.alternatives import certain, mapped, only
from fxlens.source.library.called import Called, models
from fxlens.source.library.containers import plain_constants
from fxlens.source.values import Alternatives, Const, Value

_CONVERSIONS: dict[str, Callable[..., Hashable]] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "abs": abs,
    "round": round,
}


@models(*_CONVERSIONS, least=1, most=1)
def _converted(call: Called) -> Alternatives:
    function = _CONVERSIONS[call.dotted]

    def convert(value: Value) -> Alternatives:
        made = _applied(function, value) if isinstance(value, Const) else None
        return certain(Const(made, call.origin)) if made is not None else call.unknown()

    return mapped(convert, call.machine.settled(call.positional[0]))


@models("sum", least=1)
def _sum(call: Called) -> Alternatives:
    if len(call.positional) == 2:
        return _sum_of_lists(call)
    numbers = [number for alternatives in call.positional for number in _numbers(call, alternatives)]
    if not numbers or None in numbers:
        return call.unknown()
    try:
        return certain(Const(sum(numbers)))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return call.unknown()


def _sum_of_lists(call: Called) -> Alternatives:
    """``sum(lists, [])``."""
    lists, why = call.items()
    items, opened = call.items(1)
    for each in lists:
        more, inner = call.machine.items(each.value, call.node)
        items += more
        opened = opened or inner
    return call.machine.made("list", tuple(items), why or opened)


def _applied(function: Callable[..., Hashable], value: Const) -> Hashable | None:
    if value.value is None:
        return None
    try:
        return function(value.value)
    except (TypeError, ValueError, OverflowError):
        return None


def _numbers(call: Called, alternatives: Alternatives) -> list[Hashable]:
    value = only(alternatives)
    if isinstance(value, Const):
        return [value.value]
    constants = plain_constants(call.machine, value) if value is not None else None
    return constants if constants is not None else [None]
