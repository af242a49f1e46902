"""The methods of texts."""

from __future__ import annotations

import re

from fxlens.source.alternatives import certain, joined, under
from fxlens.source.conditions import conjunction
from fxlens.source.library.called import MOST_ITEMS, Called
from fxlens.source.library.containers import plain_constants
from fxlens.source.library.interpreter_interface import Machine
from fxlens.source.library.operators import MOST_LENGTH
from fxlens.source.values import ALWAYS, Alternatives, Condition, Const, Item

_TEXT_METHODS = frozenset(
    {"lower", "upper", "strip", "lstrip", "rstrip", "split", "rsplit", "replace", "join", "startswith", "endswith"}
    | {"format", "removeprefix", "removesuffix", "title", "capitalize", "partition", "rpartition", "isdigit", "zfill"}
    | {"count", "find", "splitlines", "casefold", "isalpha", "isnumeric"}
)
_FORMAT_TRAPS = re.compile(r"\{[^{}]*(?:[.\[]|:[^{}]*\d{3,}|:[^}]*\{)")


def text_method(machine: Machine, owner: Const, name: str, call: Called) -> Alternatives:
    """What a method of a text returns, for all alternatives of its arguments."""
    text = owner.value
    if not isinstance(text, str) or name not in _TEXT_METHODS or call.unpacks or _is_trap(name, text):
        return call.unknown()
    sides = [
        under(_result(machine, _text(text, name, *_as_arguments(call, values)), call), condition)
        for values, condition in _rows(machine, call) or ()
    ]
    return joined(*sides) if sides else call.unknown()


def _is_trap(name: str, text: str) -> bool:
    return name == "format" and _FORMAT_TRAPS.search(text) is not None


def _rows(machine: Machine, call: Called) -> list[tuple[list[object], Condition]] | None:
    """The combinations of the arguments' alternatives that are possible; nothing where not all are constants."""
    rows: list[tuple[list[object], Condition]] = [([], ALWAYS)]
    for alternatives in (*call.positional, *call.named.values()):
        column = _plain(machine, alternatives)
        if column is None or len(rows) * len(column) > MOST_ITEMS:
            return None
        pairs = ((values, value, conjunction(first, second)) for values, first in rows for value, second in column)
        rows = [([*values, value], both) for values, value, both in pairs if both is not None]
    return rows


def _as_arguments(call: Called, values: list[object]) -> tuple[list[object], dict[str, object]]:
    count = len(call.positional)
    return values[:count], dict(zip(call.named, values[count:], strict=True))


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
