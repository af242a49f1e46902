"""Texts that hold data: what a program reads from one that it holds itself."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable

from fxlens.source.alternatives import certain, text_of, under
from fxlens.source.library.called import Called, models
from fxlens.source.values import Alternatives, Const, Item

_READERS: dict[str, Callable[[str], object]] = {"json.loads": json.loads, "ast.literal_eval": ast.literal_eval}
_UNREADABLE = object()


@models("json.loads", "ast.literal_eval", least=1, most=1)
def _loads(call: Called) -> Alternatives:
    texts = call.machine.settled(call.positional[0])
    data = [(_read(call, text_of(value)), condition) for value, condition in texts]
    if len(call.arguments) > 1 or any(each is _UNREADABLE for each, _ in data):
        return call.unknown()
    return call.any_of([under(_as_value(call, each), condition) for each, condition in data])


def _read(call: Called, text: str | None) -> object:
    try:
        return _READERS[call.dotted](text) if text is not None else _UNREADABLE
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return _UNREADABLE


def _as_value(call: Called, data: object) -> Alternatives:
    """What data of plain types is to the interpreter; each text stands where the call does."""
    match data:
        case dict():
            items = tuple(Item(_as_value(call, each), key=_as_value(call, key)) for key, each in data.items())
            return call.machine.made("dict", items)
        case list() | tuple() | set():
            return call.machine.made(type(data).__name__, tuple(Item(_as_value(call, each)) for each in data))
        case str() | int() | float() | None:
            return certain(Const(data, call.origin))
    return call.unknown()
