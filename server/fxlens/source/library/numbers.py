"""Functions that make numbers and texts of others, by dotted name."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from fxlens.source.alternatives import certain, joined, under
from fxlens.source.library.called import Called, models
from fxlens.source.library.python import plain_constants
from fxlens.source.values import Alternatives, Const

_CONVERSIONS: dict[str, Callable[..., Hashable]] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "abs": abs,
    "round": round,
}


@models("str", "int", "float", "bool", "abs", "sum", "round", "divmod")
def _of_numbers(call: Called) -> Alternatives:
    name = call.dotted
    if name == "sum" and len(call.positional) == 2:
        return _sum_of_lists(call)
    function = _CONVERSIONS.get(name)
    origin = (call.machine.frame.document, call.node)
    if function is not None and len(call.positional) == 1:
        sides: list[Alternatives] = []
        for value, condition in call.machine.settled(call.positional[0]):
            made = _applied(function, value) if isinstance(value, Const) else None
            sides.append(((Const(made, origin), condition),) if made is not None else under(call.unknown(), condition))
        return joined(*sides)
    values = [each for alternatives in call.positional for each in _numbers(call, alternatives)]
    if name == "sum" and values and None not in values:
        try:
            return certain(Const(sum(values)))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return call.unknown()
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
    if len(alternatives) != 1:
        return [None]
    value = alternatives[0][0]
    if isinstance(value, Const):
        return [value.value]
    constants = plain_constants(call.machine, value)
    return constants if constants is not None else [None]
