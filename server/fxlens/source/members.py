"""The attributes that a class sets on ``self``: which one stands at a position, and where one is set."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeGuard

from fxlens.source.library.attribute_access import NAMING_FUNCTIONS, NAMING_METHODS
from fxlens.source.model import Position, Span
from fxlens.source.syntax import lowered, path_to
from fxlens.source.syntax import nodes as n
from fxlens.source.text.document import Document


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
        return any(each is target for written in statement.targets for each in _unpacked(written))
    return isinstance(statement, (n.AugmentedAssign, n.Annotated)) and statement.target is target


def _member_of(around: list[n.Node], owner: str, attribute: str) -> tuple[str, str] | None:
    """The class and attribute, if ``owner`` is the first parameter of the method among the nodes ``around``."""
    scopes = [each for each in around if isinstance(each, (n.FunctionDef, n.ClassDef, n.Lambda))]
    function = scopes.pop() if scopes else None
    class_ = next((each for each in reversed(scopes) if isinstance(each, n.ClassDef)), None)
    if not isinstance(function, n.FunctionDef) or class_ is None or not function.parameters:
        return None
    return (class_.name, attribute) if function.parameters[0].name == owner else None


@dataclass(frozen=True)
class MemberUses:
    """Where the methods of one class use an attribute through their first parameter.

    ``bases`` are the names of its bases, as they are written behind the last dot; ``sets`` says that one of the uses
    is an assignment, ``names`` are the attributes that the class sets. ``imported`` are the names that the file
    imports, each with the last part of its module.
    """

    class_name: str
    bases: tuple[str, ...]
    spans: tuple[Span, ...]
    sets: bool
    names: frozenset[str]
    imported: frozenset[tuple[str, str]] = frozenset()


def member_at(text: str, position: Position) -> tuple[str, str, Span] | None:
    """The class, the attribute and its place, where ``self.attribute`` stands in a method, set or used.

    Example:
        >>> member_at("class Net:\\n    def forward(self, x):\\n        return self.fc(x)\\n", Position(2, 21))[:2]
        ('Net', 'fc')
    """
    document = Document(text, "members")
    path = path_to(lowered(document), (position.line + 1, position.column))
    for at, node in enumerate(path):
        if isinstance(node, n.Attribute) and isinstance(node.value, n.Name):
            span = _name_span(document, node)
            member = _member_of(path[:at], node.value.name, node.name) if span.contains(position) else None
            if member is not None:
                return (*member, span)
    return None


def member_uses(text: str, member: str) -> list[MemberUses]:
    """The classes of a text, each with the uses of an attribute in its methods."""
    document = Document(text, "members")
    module = lowered(document)
    imported = frozenset(
        (name.bound, each.module.rpartition(".")[2])
        for each in n.walk(module)
        if isinstance(each, n.ImportFrom)
        for name in each.names
    )
    classes = (each for each in n.walk(module) if isinstance(each, n.ClassDef))
    return [replace(_uses(document, each, member), imported=imported) for each in classes]


def _uses(document: Document, node: n.ClassDef, member: str) -> MemberUses:
    methods = (each for each in n.walk(node.body) if isinstance(each, n.FunctionDef) and each.parameters)
    uses = [use for method in methods for use in _uses_in(document, method)]
    spans = dict.fromkeys(use.span for use in uses if use.name == member and use.span is not None)
    names = frozenset(use.name for use in uses if use.sets)
    return MemberUses(node.name, _base_names(node), tuple(spans), member in names, names)


def _base_names(node: n.ClassDef) -> tuple[str, ...]:
    names = (n.name_of(each.value) for each in node.arguments if not each.keyword)
    return tuple(name for name in names if name)


class _Use(NamedTuple):
    """A use of an attribute in a method; ``span`` is nothing where its name is not written as it is."""

    name: str
    sets: bool
    span: Span | None


def _uses_in(document: Document, method: n.FunctionDef) -> Iterator[_Use]:
    """The uses of attributes of a method's first parameter."""
    owner = method.parameters[0].name
    assigned = _assigned_in(method)
    for node in n.walk(method):
        if _is_attribute_of(node, owner):
            yield _Use(node.name, node in assigned, _name_span(document, node))
        elif isinstance(node, n.Call) and (named := _named(node, owner)) is not None:
            text, sets = named
            name = str(text.value).partition(".")[0]
            yield _Use(name, sets, _text_span(document, text, name) if _is_plain(document, text) else None)


def _assigned_in(method: n.FunctionDef) -> set[n.Expression]:
    assignments = (each for each in n.walk(method) if isinstance(each, n.Assign))
    return {target for each in assignments for written in each.targets for target in _unpacked(written)}


def _is_attribute_of(node: n.Node, owner: str) -> TypeGuard[n.Attribute]:
    return isinstance(node, n.Attribute) and _is_name(node.value, owner)


def _is_name(node: n.Node, name: str) -> TypeGuard[n.Name]:
    return isinstance(node, n.Name) and node.name == name


def _unpacked(target: n.Expression) -> Iterator[n.Expression]:
    """The targets in ``self.a, (self.b, *self.c) = …``."""
    if isinstance(target, n.Display):
        for item in target.items:
            yield from _unpacked(item)
    else:
        yield target.value if isinstance(target, n.Starred) else target


def _named(call: n.Call, owner: str) -> tuple[n.Constant, bool] | None:
    """The text by which a call names an attribute of ``owner`` (``getattr(self, "fc")``), and whether it sets it."""
    values = [each.value for each in call.arguments if not each.keyword and not each.star]
    if isinstance(call.function, n.Name):
        sets, of_owner = NAMING_FUNCTIONS.get(call.function.name), bool(values) and _is_name(values[0], owner)
        values = values[1:]
    else:
        sets, of_owner = NAMING_METHODS.get(n.name_of(call.function)), _is_attribute_of(call.function, owner)
    text = values[0] if values else None
    if sets is None or not of_owner or not isinstance(text, n.Constant) or n.text_in(text) is None:
        return None
    return text, sets


def _is_plain(document: Document, text: n.Constant) -> bool:
    """Whether a text is written as it is, so that columns are offsets into it."""
    return document.code(text) in (f'"{text.value}"', f"'{text.value}'")


def _text_span(document: Document, text: n.Constant, name: str) -> Span:
    start = document.span(text).start
    return Span(Position(start.line, start.column + 1), Position(start.line, start.column + 1 + len(name)))


def _name_span(document: Document, node: n.Attribute) -> Span:
    return document.span(n.Node(node.name_pos, node.end_pos))
