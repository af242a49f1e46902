"""Python's operators, and fields of f-strings, on constants and on containers."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from fxlens.source.alternatives import (
    certain,
)
from fxlens.source.library.containers import constants_of, plain_constants
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    Alternatives,
    Const,
    Container,
    Subject,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from fxlens.source.library.interpreter_interface import Machine

_WIDE = re.compile(r"\d{3,}|[*{].*[{*]")
"""Widths that would fill the memory, and fields within fields."""
MOST_LENGTH = 4096
"""The longest text that is built: node names are short."""


def formatted(value: Value, conversion: str, form: str | None) -> str | None:
    """What a field of an f-string makes of a value.

    Example:
        >>> formatted(Const(3), "", "02d")
        '03'
    """
    if not isinstance(value, Const) or form is None or _WIDE.search(form):
        return None
    if not isinstance(value.value, (str, int, float)):
        return None
    try:
        shown = _CONVERSIONS[conversion](value.value) if conversion else value.value
        return format(shown, form)
    except (KeyError, ValueError, TypeError):
        return None


_CONVERSIONS: dict[str, Callable[[object], str]] = {"s": str, "r": repr, "a": ascii}
_NUMBERS: dict[str, Callable[[int, int], int | float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b if 0 <= b < 64 and abs(a) < 1 << 16 else _refuse(),
}


OPERATOR_METHODS = {"+": "__add__", "-": "__sub__", "*": "__mul__", "/": "__truediv__", "//": "__floordiv__"} | {
    "%": "__mod__",
    "|": "__or__",
    "&": "__and__",
    "@": "__matmul__",
    ">>": "__rshift__",
    "<<": "__lshift__",
}


def _refuse() -> int:
    raise ValueError


def operation(machine: Machine, operator: str, left: Value, right: Value, node: n.Expression) -> Alternatives:
    """``left operator right``."""
    made = _made_of_constants(machine, operator, left, right)
    if made is not None:
        return certain(Const(made, (machine.frame.document, node)))
    container = machine.container(left)
    model = _OF_CONTAINERS.get(operator) if container is not None else None
    result = model(machine, container, right, node) if model is not None and container is not None else None
    return result if result is not None else machine.unknown(node)


def _made_of_constants(machine: Machine, operator: str, left: Value, right: Value) -> Hashable | None:
    """What comes out where both sides are constants; the right one of ``%`` may be a container of some."""
    if not isinstance(left, Const):
        return None
    if isinstance(right, Const):
        return _of_constants(operator, left.value, right.value)
    parts = plain_constants(machine, right) if operator == "%" and isinstance(left.value, str) else None
    return _percent(str(left.value), tuple(parts)) if parts is not None else None


def _put_together(machine: Machine, left: Container, right: Value, node: n.Expression) -> Alternatives:
    """``[…] + […]`` and ``{…} | {…}``."""
    other = machine.container(right)
    if other is not None:
        return machine.made_of(left.kind, left.items + other.items, left.open or other.open, [left, other], node)
    opened = right.subject if isinstance(right, Unknown) else Subject(machine.frame.document, node)
    return machine.made(left.kind, left.items, opened)


def _without(machine: Machine, left: Container, right: Value, _: n.Expression) -> Alternatives | None:
    """``{…} - {…}``."""
    return _kept(machine, left, right, lambda is_there: not is_there)


def _in_both(machine: Machine, left: Container, right: Value, _: n.Expression) -> Alternatives | None:
    """``{…} & {…}``."""
    return _kept(machine, left, right, lambda is_there: is_there)


def _kept(machine: Machine, left: Container, right: Value, keeps: Callable[[bool], bool]) -> Alternatives | None:
    """The items of a set, by whether they are in another one; nothing unless all of them are constants."""
    constants, others = constants_of(left), plain_constants(machine, right)
    if constants is None or others is None:
        return None
    pairs = zip(left.items, constants, strict=True)
    return machine.made("set", tuple(item for item, constant in pairs if keeps(constant in others)))


def _repeated(machine: Machine, left: Container, right: Value, _: n.Expression) -> Alternatives | None:
    """``[…] * 3``."""
    times = right.value if isinstance(right, Const) and isinstance(right.value, int) else -1
    if not 0 <= times * len(left.items) <= MOST_LENGTH or times < 0:
        return None
    return machine.made(left.kind, left.items * times, left.open)


def _in_one(machine: Machine, left: Container, right: Value, _: n.Expression) -> Alternatives | None:
    """``{…} ^ {…}``."""
    other = machine.container(right)
    mine, theirs = constants_of(left), constants_of(other) if other is not None else None
    if mine is None or theirs is None or other is None:
        return None
    return machine.made(
        "set",
        (
            *(item for item, constant in zip(left.items, mine, strict=True) if constant not in theirs),
            *(item for item, constant in zip(other.items, theirs, strict=True) if constant not in mine),
        ),
    )


_OF_CONTAINERS: dict[str, Callable[[Machine, Container, Value, n.Expression], Alternatives | None]] = {
    "+": _put_together,
    "|": _put_together,
    "-": _without,
    "&": _in_both,
    "^": _in_one,
    "*": _repeated,
}


def _of_constants(operator: str, left: object, right: object) -> Hashable | None:
    if isinstance(left, str):
        return _of_text(operator, left, right)
    if isinstance(left, (int, float)) and isinstance(right, (int, float)) and operator in _NUMBERS:
        try:
            return _NUMBERS[operator](left, right)  # type: ignore[arg-type]
        except (ValueError, ZeroDivisionError, OverflowError):
            return None
    return None


def _of_text(operator: str, left: str, right: object) -> str | None:
    match operator, right:
        case "%", str() | int() | float():
            return _percent(left, right)
        case "+", str() if len(left) + len(right) <= MOST_LENGTH:
            return left + right
        case "*", int() if len(left) * right <= MOST_LENGTH:
            return left * right
    return None


def _percent(form: str, operand: object) -> str | None:
    if re.search(r"%[^a-zA-Z%]*(?:\d{3,}|\*)", form):
        return None
    try:
        return form % operand
    except (TypeError, ValueError):
        return None
