"""What Python's own functions and operators make of strings and numbers: those that node names are built with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final


class Nothing:
    """What is not worked out: an operation that is not known here, or that would raise."""


NOTHING: Final = Nothing()
_MOST = 256
"""How many items a range may have, and how long a text may be times ten: node names are short."""
_WIDE = re.compile(r"\d{3,}|[*{].*[{*]")
"""Widths that would fill the memory, and fields within fields."""


def combined(sign: str, left: object, right: object) -> object:
    """What an operator makes of two values.

    Example:
        >>> combined("%", "layer%d", 3)
        'layer3'
    """
    if sign == "%" and isinstance(left, str) and isinstance(right, (str, int, tuple)):
        return _percent(left, right)
    if isinstance(left, int) and isinstance(right, int):
        return _counted(sign, left, right)
    if sign == "+" and isinstance(left, str) and isinstance(right, str):
        return left + right
    if sign == "+" and isinstance(left, tuple) and isinstance(right, tuple):
        return (*left, *right)
    return NOTHING


def _counted(sign: str, left: int, right: int) -> object:
    match sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "//" if right:
            return left // right
        case "%" if right:
            return left % right
    return NOTHING


def _percent(form: str, given: str | int | tuple[object, ...]) -> object:
    try:
        return NOTHING if re.search(r"%[^a-zA-Z%]*(?:\d{3,}|\*)", form) else form % given
    except (TypeError, ValueError):
        return NOTHING


def formatted(given: object, form: str) -> object:
    """What an f-string's field makes of a value, with the format behind its colon."""
    try:
        return NOTHING if _WIDE.search(form) or not isinstance(given, (str, int, float)) else format(given, form)
    except ValueError:
        return NOTHING


def function(name: str, given: Sequence[object], named: Mapping[str, object]) -> object:
    """What one of Python's functions yields.

    Example:
        >>> function("range", [1, 3], {})
        (1, 2)
    """
    if named or not given:
        return NOTHING
    first = given[0]
    match name:
        case "range":
            bounds = [each for each in given if isinstance(each, int)]
            if len(bounds) < len(given) or len(given) > 3 or bounds[2:] == [0]:
                return NOTHING
            counted = range(*bounds)
            return tuple(counted) if len(counted) <= _MOST else NOTHING
        case "str" if len(given) == 1 and isinstance(first, (str, int)):
            return str(first)
        case "int" if len(given) == 1 and isinstance(first, int):
            return int(first)
        case "len" if len(given) == 1 and isinstance(first, (str, tuple)):
            return len(first)
        case "list" | "tuple" if len(given) == 1 and isinstance(first, tuple):
            return first
    return NOTHING


def method(owner: str, name: str, given: Sequence[object], named: Mapping[str, object]) -> object:
    """What a method of a string yields.

    Example:
        >>> method("layer{}.{b}", "format", [1], {"b": 0})
        'layer1.0'
    """
    if name == "format":
        return _format(owner, given, named)
    if named:
        return NOTHING
    texts = [each for each in given if isinstance(each, str)]
    match name:
        case "lower" | "upper" | "strip" | "split" if not given:
            made = getattr(owner, name)()
            return tuple(made) if name == "split" else made
        case "split" if len(texts) == len(given) == 1 and texts[0]:
            return tuple(owner.split(texts[0]))
        case "replace" if len(texts) == len(given) == 2:
            return owner.replace(texts[0], texts[1])
        case "join" if len(given) == 1 and isinstance(given[0], tuple):
            pieces = [each for each in given[0] if isinstance(each, str)]
            return owner.join(pieces) if len(pieces) == len(given[0]) else NOTHING
        case "startswith" | "endswith" if len(given) == 1 and isinstance(given[0], (str, tuple)):
            affixes = given[0] if isinstance(given[0], tuple) else (given[0],)
            test = owner.startswith if name == "startswith" else owner.endswith
            return any(test(each) for each in affixes if isinstance(each, str))
    return NOTHING


def _format(form: str, given: Sequence[object], named: Mapping[str, object]) -> object:
    plain = all(isinstance(each, (str, int)) for each in (*given, *named.values()))
    if not plain or re.search(r"\{[^{}]*(?:[.\[]|:[^{}]*\d{3,}|:[^}]*\{)", form):
        return NOTHING
    try:
        return form.format(*given, **named)
    except (IndexError, KeyError, ValueError):
        return NOTHING
