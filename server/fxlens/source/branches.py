"""The blocks around statements: arms of ``if``, and whether one place can be reached from another."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TypeAlias

from fxlens.source.tree import Node, children, is_operator, opens_with, value
from fxlens.source.worlds import World

Chain: TypeAlias = list[tuple[Node, int]]
"""The blocks around a statement, outermost first: each compound statement, and which child of it is the block."""

BODY = 2
"""The child of a ``try`` that is its body."""

NO_ARM = -2
"""The arm of an ``if`` none of whose blocks is entered."""


def shared_depth(own: Chain, chain: Chain) -> int:
    count = 0
    for (compound, arm), (other, other_arm) in zip(own, chain, strict=False):
        if compound is not other or arm != other_arm:
            break
        count += 1
    return count


def arms(if_statement: Node) -> list[int]:
    parts = children(if_statement)
    return [at + 1 for at, part in enumerate(parts[:-1]) if is_operator(part, ":")]


def conditions(if_statement: Node) -> list[tuple[Node | None, int]]:
    """The conditions of an ``if`` with their arms, in order; ``None`` stands for ``else``."""
    parts = children(if_statement)
    found: list[tuple[Node | None, int]] = []
    for arm in arms(if_statement):
        before = parts[arm - 2]
        found.append((None if is_operator(before, "else") else before, arm))
    return found


def arm_worlds(world: World, if_statement: Node) -> list[World]:
    """One world for each way through an ``if``."""
    taken = [*arms(if_statement), *([] if has_else(if_statement) else [NO_ARM])]
    return [replace(world, arms={**world.arms, if_statement.start_pos: arm}) for arm in taken]


def has_else(if_statement: Node) -> bool:
    return conditions(if_statement)[-1][0] is None


def names_asked(condition: str) -> frozenset[str]:
    """The names and attributes that the text of a condition reads.

    Example:
        >>> sorted(names_asked("not args.deep and size > 3"))
        ['args.deep', 'size']
    """
    return frozenset(re.findall(r"(?<![\w.\"'])[^\W\d][\w.]*", condition)) - _WORDS


_WORDS = frozenset({"not", "and", "or", "is", "in", "None", "True", "False", "if", "else", "lambda"})


def is_flag(if_statement: Node) -> bool:
    """Whether all that an ``if`` asks is whether one name or attribute is true."""
    condition = conditions(if_statement)[0][0]
    if condition is not None and condition.type == "not_test":
        condition = children(condition)[1]
    plain = condition is not None and condition.type in ("name", "atom_expr")
    return plain and condition is not None and not any(opens_with(part, "(") for part in children(condition))


def is_main_guarded(chain: Chain) -> bool:
    return any(compound.type == "if_stmt" and names_main(compound) for compound, _ in chain)


def names_main(if_statement: Node) -> bool:
    condition = children(if_statement)[1]
    return condition.type == "comparison" and any(value(leaf) == "__name__" for leaf in children(condition))


def header(compound: Node) -> list[Node]:
    """The expressions that a compound statement evaluates itself."""
    parts = children(compound)
    if compound.type == "if_stmt":
        return [condition for condition, _ in conditions(compound) if condition is not None]
    if compound.type == "for_stmt":
        return [parts[3]]
    if compound.type == "while_stmt":
        return [parts[1]]
    if compound.type == "with_stmt":
        items = [part for part in parts[1:-2] if not is_operator(part, ",")]
        return [children(item)[0] if item.type == "with_item" else item for item in items]
    return [children(part)[1] for part in parts if part.type == "except_clause"]
