"""Alternatives: values under the conditions under which each is the one, put together and taken apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from fxlens.source.conditions import conjunction, simplified
from fxlens.source.values import ALWAYS, Alternatives, Condition, Const, Item, Subject, Unknown, Value


def certain(value: Value) -> Alternatives:
    """Just this value."""
    return ((value, ALWAYS),)


def under(alternatives: Alternatives, condition: Condition) -> Alternatives:
    """The alternatives with a condition more; those that it excludes are left out."""
    if not condition:
        return alternatives
    both = ((value, conjunction(own, condition)) for value, own in alternatives)
    return tuple((value, own) for value, own in both if own is not None)


def joined(*alternatives: Alternatives) -> Alternatives:
    """Alternatives side by side, each value once for each condition that is needed."""
    if len(alternatives) == 2 and alternatives[0] == alternatives[1]:
        return alternatives[0]
    conditions: dict[Value, list[Condition]] = {}
    for several in alternatives:
        for value, condition in several:
            conditions.setdefault(value, []).append(condition)
    return tuple((value, condition) for value, several in conditions.items() for condition in simplified(several))


def mapped(function: Callable[[Value], Alternatives], alternatives: Alternatives) -> Alternatives:
    """What a function makes of each of the alternatives, under its condition."""
    return joined(*(under(function(value), condition) for value, condition in alternatives))


def pairs(first: Alternatives, second: Alternatives) -> Iterator[tuple[Value, Value, Condition]]:
    """Two values at a time that are possible at once, one of each, with the condition of both."""
    for value, condition in first:
        for other, own in second:
            both = conjunction(condition, own)
            if both is not None:
                yield value, other, both


def items_under(items: Iterable[Item], condition: Condition) -> list[Item]:
    """The items with a condition more; those that it excludes are left out."""
    both = ((item, conjunction(item.condition, condition)) for item in items)
    return [replace(item, condition=own) for item, own in both if own is not None]


def are_certain(items: Iterable[Item]) -> bool:
    """Whether all items are there, whatever a run decides."""
    return not any(item.condition for item in items)


def only(alternatives: Alternatives | None) -> Value | None:
    """The value, if there is just one."""
    return alternatives[0][0] if alternatives and len(alternatives) == 1 else None


def subject_of(value: Value | None) -> Subject | None:
    """What only a run can tell of a value; nothing of others."""
    return value.subject if isinstance(value, Unknown) else None


def text_of(value: Value | None) -> str | None:
    """The text that a value is."""
    return value.value if isinstance(value, Const) and isinstance(value.value, str) else None


def integer_of(value: Value | None) -> int | None:
    """The integer that a value is."""
    return value.value if isinstance(value, Const) and isinstance(value.value, int) else None


def is_none(value: Value | None) -> bool:
    """Whether a value is ``None``."""
    return isinstance(value, Const) and value.value is None


_Kind = TypeVar("_Kind")


def of_kind(kind: type[_Kind], alternatives: Alternatives | None) -> list[_Kind]:
    """The values of a kind among the alternatives."""
    return [value for value, _ in alternatives or () if isinstance(value, kind)]
