"""Python's operators, and fields of f-strings, on constants and on containers."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from fxlens.source.alternatives import (
    certain,
    integer_of,
    only,
    subject_of,
)
from fxlens.source.library.containers import constants_of
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    Alternatives,
    Const,
    Container,
    Item,
    Subject,
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
    if form is None or _WIDE.search(form):
        return None
    match value:
        case Const(value=str() | int() | float() as constant):
            try:
                return format(_CONVERSIONS[conversion](constant) if conversion else constant, form)
            except (KeyError, ValueError, TypeError):
                return None
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
    container, model = machine.container(left), _OF_CONTAINERS.get(operator)
    result = model(machine, container, right, node) if container is not None and model is not None else None
    return result if result is not None else machine.unknown(node)


def _made_of_constants(machine: Machine, operator: str, left: Value, right: Value) -> Hashable | None:
    """What comes out where both sides are constants; the right one of ``%`` may be a container of some."""
    match left, right:
        case Const(), Const():
            return _of_constants(operator, left.value, right.value)
        case Const(value=str() as form), _ if operator == "%":
            operand = _operand(machine, right)
            return _percent(form, operand) if operand is not None else None
    return None


def _operand(machine: Machine, value: Value) -> tuple[Hashable, ...] | dict[Hashable, Hashable] | None:
    """What ``%`` takes the fields of a text from: a tuple, or a dict, of constants."""
    container = machine.container(value)
    constants = constants_of(container) if container is not None else None
    if container is None or constants is None or container.kind not in ("tuple", "dict"):
        return None
    if container.kind == "tuple":
        return tuple(constants)
    values = [only(item.value) for item in container.items]
    held = {key: value.value for key, value in zip(constants, values, strict=True) if isinstance(value, Const)}
    return held if len(held) == len(values) else None


def _put_together(machine: Machine, left: Container, right: Value, node: n.Expression) -> Alternatives:
    """``[…] + […]`` and ``{…} | {…}``."""
    other = machine.container(right)
    if other is not None:
        return machine.made_of(left.kind, left.items + other.items, left.open or other.open, [left, other], node)
    return machine.made(left.kind, left.items, subject_of(right) or Subject(machine.frame.document, node))


def _without(machine: Machine, left: Container, right: Value, _: n.Expression) -> Alternatives | None:
    """``{…} - {…}``."""
    kept = _parted(left, machine.container(right), are_in=False)
    return machine.made("set", kept) if kept is not None else None


def _in_both(machine: Machine, left: Container, right: Value, _: n.Expression) -> Alternatives | None:
    """``{…} & {…}``."""
    kept = _parted(left, machine.container(right), are_in=True)
    return machine.made("set", kept) if kept is not None else None


def _parted(container: Container, other: Container | None, are_in: bool) -> tuple[Item, ...] | None:
    """The items of a set that are in another one, or are not; nothing unless all of both are constants."""
    if other is None or "instance" in (container.kind, other.kind):
        return None
    constants, others = constants_of(container), constants_of(other)
    if constants is None or others is None:
        return None
    paired = zip(container.items, constants, strict=True)
    return tuple(item for item, constant in paired if (constant in others) is are_in)


def _repeated(machine: Machine, left: Container, right: Value, _: n.Expression) -> Alternatives | None:
    """``[…] * 3``."""
    times = integer_of(right)
    if times is None or times < 0 or times * len(left.items) > MOST_LENGTH:
        return None
    return machine.made(left.kind, left.items * times, left.open)


def _in_one(machine: Machine, left: Container, right: Value, _: n.Expression) -> Alternatives | None:
    """``{…} ^ {…}``."""
    other = machine.container(right)
    mine = _parted(left, other, are_in=False)
    theirs = _parted(other, left, are_in=False) if other is not None else None
    return machine.made("set", (*mine, *theirs)) if mine is not None and theirs is not None else None


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
    if not isinstance(left, (int, float)) or not isinstance(right, (int, float)) or operator not in _NUMBERS:
        return None
    try:
        return _NUMBERS[operator](left, right)  # type: ignore[arg-type]
    except (ValueError, ZeroDivisionError, OverflowError):
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
    except (TypeError, ValueError, KeyError):
        return None
