"""What comparisons say of values."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING

from fxlens.source.library.python import plain_constants
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    TRUTHY,
    Alternatives,
    Condition,
    Const,
    Literal,
    Member,
    Reference,
    Subject,
    Unknown,
    Value,
    conjunction,
)

if TYPE_CHECKING:
    from fxlens.source.library.protocol import Machine

_ORDER: dict[str, Callable[[object, object], bool]] = {
    "<": lambda a, b: a < b,  # type: ignore[operator]
    ">": lambda a, b: a > b,  # type: ignore[operator]
    "<=": lambda a, b: a <= b,  # type: ignore[operator]
    ">=": lambda a, b: a >= b,  # type: ignore[operator]
}


def compared(machine: Machine, node: n.Comparison) -> bool | frozenset[Literal]:
    """Whether a comparison holds: True, False, or the literals on which it does; of a chain, all of its links."""
    literals: frozenset[Literal] = frozenset()
    left = machine.used(machine.present(machine.evaluate(node.left)))
    for operator, other in node.rest:
        right = machine.used(machine.present(machine.evaluate(other)))
        truth = _link(machine, operator, left, right, node)
        if truth is False:
            return False
        literals |= frozenset() if truth is True else truth
        left = right
    return literals or True


def _link(
    machine: Machine, operator: str, left: Alternatives, right: Alternatives, node: n.Comparison
) -> bool | frozenset[Literal]:
    truths: dict[bool | frozenset[Literal], None] = {}
    holding: list[Condition] = []
    for one, condition in left:
        for two, own in right:
            both = conjunction(condition, own)
            if both is None or conjunction(both, machine.state.condition) is None:
                continue
            truth = _compared(machine, operator, one, two, node)
            truths[truth] = None
            if truth is True:
                holding.append(both)
    if len(truths) == 1:
        return next(iter(truths))
    if set(truths) == {True, False} and len(holding) == 1:
        return holding[0]
    return frozenset({(machine.subject(("test", node, machine.frame), node), TRUTHY, True)})


def _compared(machine: Machine, operator: str, one: Value, two: Value, node: n.Comparison) -> bool | frozenset[Literal]:
    if operator in ("==", "is"):
        return equal(machine, one, two, node, True)
    if operator in ("!=", "is not"):
        return equal(machine, one, two, node, False)
    if operator in ("in", "not in"):
        return _contained(machine, one, two, node, operator == "in")
    if isinstance(one, Const) and isinstance(two, Const) and operator in _ORDER:
        try:
            return _ORDER[operator](one.value, two.value)
        except TypeError:
            pass
    return _open_test(machine, operator, one, two, node)


def _open_test(machine: Machine, operator: str, one: Value, two: Value, node: n.Expression) -> frozenset[Literal]:
    """A comparison that only a run decides; the same one is the same question wherever it is asked."""
    plain = isinstance(one, (Unknown, Const)) and isinstance(two, (Unknown, Const))
    key = ("compared", operator, _identity(one), _identity(two)) if plain else ("test", node, machine.frame)
    return frozenset({(machine.subject(key, node), TRUTHY, True)})


def _identity(value: Value) -> object:
    return value.value if isinstance(value, Const) else value.subject if isinstance(value, Unknown) else value


def equal(machine: Machine, one: Value, two: Value, node: n.Expression, holds: bool) -> bool | frozenset[Literal]:
    if isinstance(two, Unknown) and isinstance(one, (Const, Member)):
        one, two = two, one
    if isinstance(one, Const) and isinstance(two, Const):
        return (one.value == two.value) is holds
    if isinstance(one, Unknown) and isinstance(two, Const):
        if one.subject.made_by and two.value is None:
            return not holds
        return frozenset({(one.subject, two.value, holds)})
    if isinstance(one, Unknown) and isinstance(two, Member):
        return frozenset({(one.subject, two, holds)})
    if isinstance(two, Const) or isinstance(one, Const):
        return (
            not holds
            if not isinstance(one, Reference) and not isinstance(two, Reference)
            else _open_test(machine, "==", one, two, node)
        )
    if one == two:
        return holds
    if isinstance(one, Member) and isinstance(two, Member):
        return not holds
    return _open_test(machine, "==" if holds else "!=", one, two, node)


def _contained(machine: Machine, one: Value, two: Value, node: n.Comparison, holds: bool) -> bool | frozenset[Literal]:
    if isinstance(two, Const) and isinstance(two.value, str) and isinstance(one, Const) and isinstance(one.value, str):
        return (one.value in two.value) is holds
    constants = plain_constants(machine, two)
    if constants == []:
        return not holds
    if constants is not None and isinstance(one, Const):
        return (one.value in constants) is holds
    if constants is not None and isinstance(one, Unknown):
        return among(machine, one.subject, constants, node, holds)
    return _open_test(machine, "in", one, two, node)


def among(
    machine: Machine, subject: Subject, constants: Sequence[Hashable], node: n.Expression, holds: bool = True
) -> frozenset[Literal]:
    """The literals by which a subject is one of several constants, or is not."""
    if len(constants) == 1:
        return frozenset({(subject, constants[0], holds)})
    question = machine.subject(("among", subject, tuple(constants)), node, None)
    if question.among is None:
        question.among = (subject, frozenset(constants))
        subject.memberships.append(question)
    return frozenset({(question, TRUTHY, holds)})
