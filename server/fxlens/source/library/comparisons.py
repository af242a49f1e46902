"""What comparisons say of values."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from fxlens.source.alternatives import certain, only, pairs, subject_of, text_of
from fxlens.source.conditions import conjunction
from fxlens.source.library.circumstances import (
    MAY_BE_NONE,
    is_named_by_machine,
    of_circumstances,
    of_machine,
    python_is,
)
from fxlens.source.library.containers import constants_of, plain_constants
from fxlens.source.library.module_containers import modules_in
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    TRUTHY,
    Alternatives,
    ClassValue,
    Condition,
    Const,
    Literal,
    Member,
    Reference,
    Subject,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from fxlens.source.library.interpreter_interface import Machine

_ORDER: dict[str, Callable[[object, object], bool]] = {
    "<": lambda a, b: a < b,  # type: ignore[operator]
    ">": lambda a, b: a > b,  # type: ignore[operator]
    "<=": lambda a, b: a <= b,  # type: ignore[operator]
    ">=": lambda a, b: a >= b,  # type: ignore[operator]
}
_EQUALITY = frozenset({"==", "!="})
_IDENTITY = frozenset({"is", "is not"})
_MEMBERSHIP = frozenset({"in", "not in"})
_HOLDING = frozenset({"==", "is", "in"})
"""The operators that say that something is so; the others of these deny it."""
Answer: TypeAlias = bool | frozenset[Literal]
"""Whether something holds: True, False, or the literals on which it does."""


def compared(machine: Machine, node: n.Comparison) -> Answer:
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


def _link(machine: Machine, operator: str, left: Alternatives, right: Alternatives, node: n.Comparison) -> Answer:
    truths: dict[Answer, None] = {}
    holding: list[Condition] = []
    for first, second, condition in pairs(left, right):
        if conjunction(condition, machine.state.condition) is None:
            continue
        truth = _compared(machine, operator, first, second, node)
        truths[truth] = None
        if truth is True:
            holding.append(condition)
    if len(truths) == 1:
        return next(iter(truths))
    if set(truths) == {True, False} and len(holding) == 1:
        return holding[0]
    question = machine.subject(("test", node, machine.activity), node)
    question.circumstance |= of_circumstances(literal for _, own in (*left, *right) for literal in own)
    return frozenset({(question, TRUTHY, True)})


def _compared(machine: Machine, operator: str, first: Value, second: Value, node: n.Comparison) -> Answer:
    holds = operator in _HOLDING
    if operator in _EQUALITY:
        listed, other = _listed(machine, first), _listed(machine, second)
        return (listed == other) is holds if listed and other else equal(machine, first, second, node, holds)
    if operator in _IDENTITY:
        return equal(machine, first, second, node, holds)
    if operator in _MEMBERSHIP:
        return _contained(machine, first, second, node, holds)
    answer = _in_order(machine, operator, first, second)
    return answer if answer is not None else _open_test(machine, operator, first, second, node)


def _in_order(machine: Machine, operator: str, first: Value, second: Value) -> bool | None:
    """What ``<`` and the like say of constants, and of the version of Python."""
    if isinstance(first, Const) and isinstance(second, Const):
        try:
            return _ORDER[operator](first.value, second.value)
        except (KeyError, TypeError):
            return None
    version = plain_constants(machine, second) if _is_version(first) else None
    return python_is(operator, version) if version is not None else None


def _is_version(value: Value) -> bool:
    return isinstance(value, Reference) and value.dotted == "sys.version_info"


def _open_test(machine: Machine, operator: str, first: Value, second: Value, node: n.Expression) -> frozenset[Literal]:
    """A comparison that only a run decides; the same one is the same question wherever it is asked."""
    plain = isinstance(first, (Unknown, Const)) and isinstance(second, (Unknown, Const))
    key = ("compared", operator, _identity(first), _identity(second)) if plain else ("test", node, machine.activity)
    question = machine.subject(key, node)
    question.circumstance |= of_machine(machine, (first, second))
    return frozenset({(question, TRUTHY, True)})


def _identity(value: Value) -> object:
    return value.value if isinstance(value, Const) else subject_of(value) or value


def equal(machine: Machine, first: Value, second: Value, node: n.Expression, holds: bool) -> Answer:
    """Whether two values are equal, or, unless it ``holds``, are not."""
    match first, second:
        case (Unknown(subject), Const() | Member() as constant) | (Const() | Member() as constant, Unknown(subject)):
            return _is_constant(subject, constant, holds)
    same = _are_equal(first, second)
    return _open_test(machine, "==" if holds else "!=", first, second, node) if same is None else same is holds


def _is_constant(subject: Subject, constant: Const | Member, holds: bool) -> Answer:
    if isinstance(constant, Member):
        return frozenset({(subject, constant, holds)})
    if subject.made_by and subject.made_by not in MAY_BE_NONE and constant.value is None:
        return not holds  # What a function of a library makes is not taken for None.
    return frozenset({(subject, constant.value, holds)})


def _are_equal(first: Value, second: Value) -> bool | None:
    """Whether two values are equal, neither of which only a run can tell; nothing where that decides it still."""
    match first, second:
        case Const(), Const():
            return first.value == second.value
        case (Reference(dotted), Const(value)) | (Const(value), Reference(dotted)):
            # What a library is imported for is not None; what it finds on the machine may be.
            return False if value is None and not is_named_by_machine(dotted) else None
        case (Const(), _) | (_, Const()):
            return False
        case Member(), Member():
            return first == second
    return True if first == second else None


def _listed(machine: Machine, value: Value) -> tuple[str, list[Hashable]] | None:
    """The kind and the constants of a list or a tuple; nothing of what is not a list of constants."""
    container = machine.container(value)
    if container is None or container.kind not in ("list", "tuple") or not container.is_listed:
        return None
    constants = constants_of(container)
    return (container.kind, constants) if constants is not None else None


def _contained(machine: Machine, first: Value, second: Value, node: n.Comparison, holds: bool) -> Answer:
    whole, part = text_of(second), text_of(first)
    if whole is not None and part is not None:
        return (part in whole) is holds
    kind = machine.kind_of(second)
    if kind is not None and machine.collection(second) is None:
        return _by_method(machine, first, second, kind, node, holds)
    constants = _members_of(machine, second, node)
    if constants == []:
        return not holds
    if constants is not None and isinstance(first, Const):
        return (first.value in constants) is holds
    if constants is not None and isinstance(first, Unknown):
        return among(machine, first.subject, constants, node, holds)
    return _open_test(machine, "in", first, second, node)


def _members_of(machine: Machine, value: Value, node: n.Expression) -> list[Hashable] | None:
    """What ``in`` finds in a container, if the text tells all of it."""
    held = modules_in(machine, subject_of(value), node)
    return constants_of(held) if held is not None and held.kind == "dict" else plain_constants(machine, value)


def _by_method(
    machine: Machine, first: Value, second: Value, kind: ClassValue, node: n.Comparison, holds: bool
) -> Answer:
    """What ``__contains__`` of a class of the workspace says."""
    for method, _ in machine.class_member(kind, "__contains__", second) or ():
        (answer,) = machine.call_each(method, [[certain(first)]], node)
        value = only(answer)
        truth = machine.truth_of(value) if value is not None else None
        if isinstance(truth, bool):
            return truth is holds
    return _open_test(machine, "in", first, second, node)


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
