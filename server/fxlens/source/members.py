"""The attributes that a class sets on ``self``: which one stands at a position, and where one is set."""

from __future__ import annotations

from collections.abc import Iterator

from fxlens.source.document import Document
from fxlens.source.model import Position
from fxlens.source.names import parameters
from fxlens.source.tree import Node, ancestors, children, opens_with, parent, scope_of, statement_of, value


def assigned_member(text: str, position: Position) -> tuple[str, str] | None:
    """The class and the attribute of the ``self.attribute = …`` whose target stands at a position.

    Example:
        >>> assigned_member("class Net:\\n    def __init__(self):\\n        self.fc = 1\\n", Position(2, 14))
        ('Net', 'fc')
    """
    document = Document(text, "members")
    line = document.lines[position.line] if position.line < len(document.lines) else ""
    if "=" not in line or position.column > len(line):
        return None
    leaf = document.leaf_at(document.offset((position.line + 1, position.column)))
    for class_, name in _members(leaf) if leaf is not None else ():
        return class_, name
    return None


def member_line(text: str, class_name: str, member: str) -> int | None:
    """The line (from 0) of the first ``self.member = …`` in the class of that name; ``None`` where there is none."""
    document = Document(text, "members")
    for leaf in document.occurrences(member):
        for class_, name in _members(leaf):
            if (class_, name) == (class_name, member):
                return leaf.start_pos[0] - 1
    return None


def _members(leaf: Node) -> Iterator[tuple[str, str]]:
    """The class and attribute, if ``leaf`` is part of the target ``self.attribute`` of an assignment in a method."""
    chain = parent(leaf) if parent(leaf).type == "atom_expr" else parent(parent(leaf))
    parts = children(chain)
    if chain.type != "atom_expr" or len(parts) != 2 or not opens_with(parts[1], "."):
        return
    statement = statement_of(chain)
    if statement.type != "expr_stmt" or not any(part is chain for part in children(statement)[:-1]):
        return
    function = scope_of(chain)
    class_ = next((above for above in ancestors(function) if above.type == "classdef"), None)
    if function.type != "funcdef" or class_ is None:
        return
    given = parameters(function)
    if given and value(parts[0]) == given[0].name:
        yield value(children(class_)[1]), value(children(parts[1])[1])
