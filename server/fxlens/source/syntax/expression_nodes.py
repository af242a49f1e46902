"""The nodes of expressions; see :mod:`fxlens.source.syntax.nodes`, by which they are used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from fxlens.source.text.strings import Text

Pos: TypeAlias = tuple[int, int]
DisplayKind: TypeAlias = Literal["list", "tuple", "set"]
Star: TypeAlias = Literal["", "*", "**"]


@dataclass(eq=False)
class Node:
    """A part of a program, from its first character to behind its last."""

    start_pos: Pos
    end_pos: Pos


@dataclass(eq=False)
class Expression(Node):
    """Something with a value."""


@dataclass(eq=False)
class Name(Expression):
    name: str


@dataclass(eq=False)
class Constant(Expression):
    """A number, a string, ``None``, ``True``, ``False`` or ``...``; ``text`` says how a string is written."""

    value: object
    text: Text | None = None


@dataclass(eq=False)
class FormattedField(Expression):
    """``{value!conversion:format}`` of an f-string; ``format`` is nothing where it holds fields itself."""

    value: Expression
    conversion: str = ""
    format: str | None = ""


@dataclass(eq=False)
class FormattedString(Expression):
    """An f-string (perhaps beside other strings): literal texts and fields in order; ``text`` has an empty value."""

    parts: tuple[str | FormattedField, ...]
    text: Text


@dataclass(eq=False)
class Starred(Expression):
    value: Expression


@dataclass(eq=False)
class Display(Expression):
    """A list, tuple or set that is written out."""

    kind: DisplayKind
    items: tuple[Expression, ...]


@dataclass(eq=False)
class DictDisplay(Expression):
    """``{key: value, **value}``: entries in order, with no key for what is unpacked."""

    entries: tuple[tuple[Expression | None, Expression], ...]


@dataclass(eq=False)
class Clause(Node):
    """``for target in source if condition``: one clause of a comprehension."""

    target: Expression
    source: Expression
    conditions: tuple[Expression, ...] = ()


@dataclass(eq=False)
class Comprehension(Expression):
    """``kind`` says what it makes; ``value`` is the value beside the key ``element`` of a dict."""

    kind: Literal["list", "set", "dict", "generator"]
    element: Expression
    value: Expression | None
    clauses: tuple[Clause, ...]


@dataclass(eq=False)
class Attribute(Expression):
    value: Expression
    name: str
    name_pos: Pos


@dataclass(eq=False)
class SliceIndex(Expression):
    lower: Expression | None
    upper: Expression | None
    step: Expression | None


@dataclass(eq=False)
class Subscript(Expression):
    value: Expression
    index: Expression


@dataclass(eq=False)
class Argument(Node):
    """An argument of a call: positional, by ``keyword``, or unpacked by a ``star``."""

    keyword: str
    star: Star
    value: Expression


@dataclass(eq=False)
class Call(Expression):
    function: Expression
    arguments: tuple[Argument, ...]


@dataclass(eq=False)
class Conditional(Expression):
    """``body if test else orelse``."""

    test: Expression
    body: Expression
    orelse: Expression


@dataclass(eq=False)
class BoolOperation(Expression):
    operator: Literal["and", "or"]
    values: tuple[Expression, ...]


@dataclass(eq=False)
class BinaryOperation(Expression):
    left: Expression
    operator: str
    right: Expression


@dataclass(eq=False)
class UnaryOperation(Expression):
    operator: str
    operand: Expression


@dataclass(eq=False)
class Comparison(Expression):
    """``left op right op right …``; two-word operators have one space: ``not in``, ``is not``."""

    left: Expression
    rest: tuple[tuple[str, Expression], ...]


@dataclass(eq=False)
class NamedExpression(Expression):
    target: Name
    value: Expression


@dataclass(eq=False)
class Lambda(Expression):
    parameters: tuple[Parameter, ...]
    body: Expression


@dataclass(eq=False)
class Await(Expression):
    value: Expression


@dataclass(eq=False)
class Yield(Expression):
    """``yield x``, or ``yield from x``, which ``delegates``."""

    value: Expression | None
    delegates: bool = False


@dataclass(eq=False)
class OtherExpression(Expression):
    """What has no node of its own; ``parts`` are the expressions in it."""

    parts: tuple[Expression, ...]


@dataclass(eq=False)
class Parameter(Node):
    name: str
    default: Expression | None
    star: Star
    keyword_only: bool
    annotation: Expression | None = None
