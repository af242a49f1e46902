"""The attributes that a class sets on ``self``: which one stands at a position, and where one is set."""

from __future__ import annotations

import itertools

from fxlens.source.model import Position
from fxlens.source.syntax import lowered, path_to
from fxlens.source.syntax import nodes as n
from fxlens.source.text.document import Document


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
    return _member(document, (position.line + 1, position.column))


def member_line(text: str, class_name: str, member: str) -> int | None:
    """The line (from 0) of the first ``self.member = …`` in the class of that name; ``None`` where there is none."""
    document = Document(text, "members")
    for position in document.occurrences(member):
        if _member(document, position) == (class_name, member):
            return position[0] - 1
    return None


def _member(document: Document, position: n.Pos) -> tuple[str, str] | None:
    """The class and attribute, if the target ``self.attribute`` of an assignment in a method stands at ``position``."""
    path = path_to(lowered(document), position)
    for statement, target in itertools.pairwise(path):
        if isinstance(target, n.Attribute) and isinstance(target.value, n.Name) and _sets(statement, target):
            at = path.index(statement)
            return _member_of(path[:at], target.value.name, target.name)
    return None


def _sets(statement: n.Node, target: n.Attribute) -> bool:
    if isinstance(statement, n.Assign):
        return any(each is target for each in statement.targets)
    return isinstance(statement, (n.AugmentedAssign, n.Annotated)) and statement.target is target


def _member_of(around: list[n.Node], owner: str, attribute: str) -> tuple[str, str] | None:
    """The class and attribute, if ``owner`` is the first parameter of the method among the nodes ``around``."""
    scopes = [each for each in around if isinstance(each, (n.FunctionDef, n.ClassDef, n.Lambda))]
    function = scopes.pop() if scopes else None
    class_ = next((each for each in reversed(scopes) if isinstance(each, n.ClassDef)), None)
    if not isinstance(function, n.FunctionDef) or class_ is None or not function.parameters:
        return None
    return (class_.name, attribute) if function.parameters[0].name == owner else None
