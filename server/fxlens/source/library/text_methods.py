"""The methods of texts."""

from __future__ import annotations

import itertools
import math
import re

from fxlens.source.library.called import MOST_ITEMS, Called
from fxlens.source.library.protocol import Machine
from fxlens.source.library.python import (
    MOST_LENGTH,
    plain_constants,
)
from fxlens.source.values import (
    ALWAYS,
    Alternatives,
    Condition,
    Const,
    Item,
    certain,
    conjunction,
    joined,
    under,
)

_TEXT_METHODS = frozenset(
    {"lower", "upper", "strip", "lstrip", "rstrip", "split", "rsplit", "replace", "join", "startswith", "endswith"}
    | {"format", "removeprefix", "removesuffix", "title", "capitalize", "partition", "rpartition", "isdigit", "zfill"}
    | {"count", "find", "splitlines", "casefold", "isalpha", "isnumeric"}
)
_FORMAT_TRAPS = re.compile(r"\{[^{}]*(?:[.\[]|:[^{}]*\d{3,}|:[^}]*\{)")


def text_method(machine: Machine, owner: Const, name: str, call: Called) -> Alternatives:
    """What a method of a text returns, for all alternatives of its arguments."""
    if name not in _TEXT_METHODS or call.unpacks or not isinstance(owner.value, str):
        return call.unknown()
    if name == "format" and _FORMAT_TRAPS.search(owner.value):
        return call.unknown()
    columns = [_plain(machine, alternatives) for alternatives in (*call.positional, *call.named.values())]
    if any(column is None for column in columns) or math.prod(len(each or ()) for each in columns) > MOST_ITEMS:
        return call.unknown()
    sides: list[Alternatives] = []
    names = list(call.named)
    for row in itertools.product(*(column or [] for column in columns)):
        condition: Condition | None = ALWAYS
        for _, own in row:
            condition = conjunction(condition, own) if condition is not None else None
        if condition is None:
            continue
        values = [value for value, _ in row]
        positional = values[: len(call.positional)]
        made = _text(owner.value, name, positional, dict(zip(names, values[len(positional) :], strict=True)))
        sides.append(under(_result(machine, made, call), condition))
    return joined(*sides) if sides else call.unknown()


def _plain(machine: Machine, alternatives: Alternatives) -> list[tuple[object, Condition]] | None:
    plain: list[tuple[object, Condition]] = []
    for value, condition in machine.settled(alternatives):
        constants = plain_constants(machine, value)
        if constants is not None:
            plain.append((tuple(constants), condition))
        elif isinstance(value, Const):
            plain.append((value.value, condition))
        else:
            return None
    return plain


def _text(owner: str, name: str, arguments: list[object], named: dict[str, object]) -> object:
    try:
        made: object = getattr(owner, name)(*arguments, **named)
    except (TypeError, ValueError, IndexError, KeyError, AttributeError):
        return None
    return made if not isinstance(made, str) or len(made) <= MOST_LENGTH else None


def _result(machine: Machine, made: object, call: Called) -> Alternatives:
    origin = (machine.frame.document, call.node)
    if isinstance(made, (list, tuple)):
        kind = "list" if isinstance(made, list) else "tuple"
        return machine.made(kind, tuple(Item(certain(Const(each, origin))) for each in made))
    return certain(Const(made, origin)) if isinstance(made, (str, int, bool)) else call.unknown()
