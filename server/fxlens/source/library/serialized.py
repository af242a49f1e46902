"""Texts that hold data: what a program reads from one that it holds itself."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable

from fxlens.source.alternatives import certain, joined, under
from fxlens.source.library.called import Called, models
from fxlens.source.values import Alternatives, Const, Item

_READERS: dict[str, Callable[[str], object]] = {"json.loads": json.loads, "ast.literal_eval": ast.literal_eval}


@models("json.loads", "ast.literal_eval")
def _loads(call: Called) -> Alternatives:
    sides: list[Alternatives] = []
    for value, condition in call.machine.settled(call.positional[0]) if call.positional else ():
        if len(call.arguments) != 1 or not isinstance(value, Const) or not isinstance(value.value, str):
            return call.unknown()
        try:
            data = _READERS[call.dotted](value.value)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return call.unknown()
        sides.append(under(_as_value(call, data), condition))
    return joined(*sides) if sides else call.unknown()


def _as_value(call: Called, data: object) -> Alternatives:
    """What data of plain types is to the interpreter; each text stands where the call does."""
    if isinstance(data, dict):
        items = tuple(Item(_as_value(call, each), key=_as_value(call, key)) for key, each in data.items())
        return call.machine.made("dict", items)
    if isinstance(data, (list, tuple, set)):
        kind = type(data).__name__
        return call.machine.made(kind, tuple(Item(_as_value(call, each)) for each in data))
    if isinstance(data, (str, int, float, bool, type(None))):
        return certain(Const(data, (call.machine.frame.document, call.node)))
    return call.unknown()
