"""Whether an answer has the type that it is described to have: nothing more, nothing less, at every depth."""

from __future__ import annotations

import types
import typing
from typing import Any, Literal, get_args, get_origin

from typing_extensions import NotRequired, is_typeddict


def misfit(value: Any, expected: Any, where: str = "answer") -> str | None:
    """What does not fit, and where; nothing if all does."""
    origin = get_origin(expected)
    if is_typeddict(expected):
        return _dictionary_misfit(value, expected, where)
    if origin is Literal:
        return None if value in get_args(expected) else f"{where}: {value!r}"
    if origin in (types.UnionType, typing.Union):
        misfits = [misfit(value, one, where) for one in get_args(expected)]
        return None if None in misfits else misfits[0]
    if origin is list:
        (item,) = get_args(expected)
        if not isinstance(value, list):
            return f"{where}: no list"
        return next((wrong for at, one in enumerate(value) if (wrong := misfit(one, item, f"{where}[{at}]"))), None)
    if origin is dict:
        _, item = get_args(expected)
        if not isinstance(value, dict):
            return f"{where}: no dict"
        return next((wrong for key, one in value.items() if (wrong := misfit(one, item, f"{where}[{key!r}]"))), None)
    kinds = (int, float) if expected is float else expected
    right = isinstance(value, kinds) and (expected is bool or not isinstance(value, bool))
    return None if right else f"{where}: {type(value).__name__} instead of {expected}"


def _dictionary_misfit(value: Any, expected: Any, where: str) -> str | None:
    if not isinstance(value, dict):
        return f"{where}: no dict"
    hints = typing.get_type_hints(expected, include_extras=True)
    for key in value:
        if key not in hints:
            return f"{where}: {key} is not described"
    for key, hint in hints.items():
        optional = get_origin(hint) is NotRequired
        if key not in value:
            if not optional:
                return f"{where}: {key} is missing"
            continue
        wrong = misfit(value[key], get_args(hint)[0] if optional else hint, f"{where}.{key}")
        if wrong:
            return wrong
    return None
