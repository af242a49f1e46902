"""Conditions: conjunctions of literals, how they go together, and what follows of them."""

from __future__ import annotations

from collections.abc import Iterable

from fxlens.source.values import ALWAYS, TRUTHY, Condition, Literal, Subject


def conflict(first: Literal, second: Literal) -> bool:
    """Whether two literals exclude each other."""
    if first[0] is not second[0]:
        return _answers(first, second) or _answers(second, first)
    (_, value, holds), (_, wanted, needed) = first, second
    if value is TRUTHY or wanted is TRUTHY:
        if value is TRUTHY and wanted is TRUTHY:
            return holds != needed
        constant, equal, truth = (wanted, needed, holds) if value is TRUTHY else (value, holds, needed)
        return equal and bool(constant) is not truth
    if type(value) is type(wanted) and value == wanted:
        return holds != needed
    return holds and needed


def _answers(question: Literal, literal: Literal) -> bool:
    """Whether ``literal`` says of a subject what the question of its membership denies."""
    among = question[0].among
    if among is None or among[0] is not literal[0] or literal[1] is TRUTHY or not literal[2]:
        return False
    return (literal[1] in among[1]) is not question[2]


def _none_left(condition: Condition) -> bool:
    """Whether a subject is one of several constants, each of which it is not."""
    for question, _, holds in condition:
        if question.among is not None and holds:
            subject, constants = question.among
            if all((subject, constant, False) in condition for constant in constants):
                return True
    return False


def implied(condition: Condition) -> Condition:
    """The condition with the answers that follow: what equals a constant is, or is not, true, and one of several."""
    equal = [(subject, value) for subject, value, holds in condition if holds and value is not TRUTHY]
    answers = {
        (question, TRUTHY, value in question.among[1])
        for subject, value in equal
        for question in subject.memberships
        if question.among is not None
    } | {(subject, TRUTHY, bool(value)) for subject, value in equal}
    return condition | answers if answers else condition


def decided(literal: Literal, condition: Condition) -> bool:
    """Whether a condition says that a literal holds, or that it does not."""
    opposite = (literal[0], literal[1], not literal[2])
    return any(each == literal or conflict(each, literal) or conflict(each, opposite) for each in condition)


def conjunction(first: Condition, second: Condition) -> Condition | None:
    """Both conditions at once; nothing if they exclude each other.

    Example:
        >>> conjunction(ALWAYS, ALWAYS)
        frozenset()
    """
    if first is second or second <= first:
        return first
    if first <= second:
        return second
    added = second - first
    for literal in added:
        subject = literal[0]
        related = [mine for mine in first if mine[0] is subject] if _is_plain(subject) else first
        if any(conflict(literal, mine) for mine in related):
            return None
    both = first | second
    # Most literals ask of no membership, and large conditions are put together again and again.
    return None if any(not _is_plain(each[0]) for each in added) and _none_left(both) else both


def _is_plain(subject: Subject) -> bool:
    """Whether nothing asks if a subject is one of several constants: its literals exclude none of another subject."""
    return subject.among is None and not subject.memberships


def simplified(conditions: Iterable[Condition]) -> list[Condition]:
    """A disjunction without what the rest of it makes superfluous."""
    kept = dict.fromkeys(conditions)
    if ALWAYS in kept:
        return [ALWAYS]
    if len(kept) > 1:
        kept = {each: None for each in kept if not any(other < each for other in kept)}
        queue = list(kept)
        while queue:
            each = queue.pop()
            merged = _merged(each, kept) if each in kept else None
            if merged is not None:
                kept = {other: None for other in kept if not merged <= other}
                kept[merged] = None
                queue.append(merged)
    return list(kept)


def _merged(condition: Condition, others: Iterable[Condition]) -> Condition | None:
    """What a condition and some of ``others`` have in common, which hold whatever else is true of a subject."""
    alike = [other for other in others if len(other) == len(condition) and other != condition]
    for other in alike:
        differs = condition - other
        if len(differs) == 1:
            (literal,) = differs
            rest = condition - differs
            if all(rest | {each} in alike for each in _otherwise(literal)):
                return rest
    return None


def _otherwise(literal: Literal) -> list[Literal]:
    """What holds, one of them, where a literal does not."""
    subject, value, holds = literal
    if holds and value in subject.cases:
        return [(subject, other, True) for other in subject.cases if other != value]
    return [(subject, value, not holds)]


def negation(condition: Condition) -> Condition:
    """What holds where a single condition does not."""
    ((subject, value, holds),) = condition
    return frozenset({(subject, value, not holds)})
