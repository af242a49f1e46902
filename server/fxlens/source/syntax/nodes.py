"""Typed syntax nodes: what a program says, without the grammar it was parsed by.

Every node has ``start_pos`` and ``end_pos`` (line from 1, column from 0, in the parsed text); ``Document.span`` and
``Document.code`` turn a node into a range and a text of the document as it was given. Nodes are compared by identity.
Blocks are lowered when they are first looked at, so a file costs only what is read of it.

Example:
    >>> from fxlens.source.text.document import Document
    >>> from fxlens.source.syntax.lowering import lowered
    >>> statement, = lowered(Document("x = f('a')", "a.py")).body
    >>> statement.value.function.name
    'f'
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from typing import TypeAlias

from fxlens.source.syntax.expression_nodes import (
    Argument as Argument,
)
from fxlens.source.syntax.expression_nodes import (
    Attribute as Attribute,
)
from fxlens.source.syntax.expression_nodes import (
    Await as Await,
)
from fxlens.source.syntax.expression_nodes import (
    BinaryOperation as BinaryOperation,
)
from fxlens.source.syntax.expression_nodes import (
    BoolOperation as BoolOperation,
)
from fxlens.source.syntax.expression_nodes import (
    Call as Call,
)
from fxlens.source.syntax.expression_nodes import (
    Clause as Clause,
)
from fxlens.source.syntax.expression_nodes import (
    Comparison as Comparison,
)
from fxlens.source.syntax.expression_nodes import (
    Comprehension as Comprehension,
)
from fxlens.source.syntax.expression_nodes import (
    Conditional as Conditional,
)
from fxlens.source.syntax.expression_nodes import (
    Constant as Constant,
)
from fxlens.source.syntax.expression_nodes import (
    DictDisplay as DictDisplay,
)
from fxlens.source.syntax.expression_nodes import (
    Display as Display,
)
from fxlens.source.syntax.expression_nodes import (
    DisplayKind as DisplayKind,
)
from fxlens.source.syntax.expression_nodes import (
    Expression as Expression,
)
from fxlens.source.syntax.expression_nodes import (
    FormattedField as FormattedField,
)
from fxlens.source.syntax.expression_nodes import (
    FormattedString as FormattedString,
)
from fxlens.source.syntax.expression_nodes import (
    Lambda as Lambda,
)
from fxlens.source.syntax.expression_nodes import (
    Name as Name,
)
from fxlens.source.syntax.expression_nodes import (
    NamedExpression as NamedExpression,
)
from fxlens.source.syntax.expression_nodes import (
    Node as Node,
)
from fxlens.source.syntax.expression_nodes import (
    OtherExpression as OtherExpression,
)
from fxlens.source.syntax.expression_nodes import (
    Parameter as Parameter,
)
from fxlens.source.syntax.expression_nodes import (
    Pos as Pos,
)
from fxlens.source.syntax.expression_nodes import (
    SliceIndex as SliceIndex,
)
from fxlens.source.syntax.expression_nodes import (
    Star as Star,
)
from fxlens.source.syntax.expression_nodes import (
    Starred as Starred,
)
from fxlens.source.syntax.expression_nodes import (
    Subscript as Subscript,
)
from fxlens.source.syntax.expression_nodes import (
    UnaryOperation as UnaryOperation,
)
from fxlens.source.syntax.expression_nodes import (
    Yield as Yield,
)


@dataclass(eq=False)
class Statement(Node):
    """Something that is executed."""


@dataclass(eq=False)
class Block(Node):
    """The statements of a suite, lowered when they are first requested."""

    lower: Callable[[], tuple[Statement, ...]]
    _statements: tuple[Statement, ...] | None = None

    @property
    def statements(self) -> tuple[Statement, ...]:
        if self._statements is None:
            self._statements = self.lower()
        return self._statements

    @property
    def is_lowered(self) -> bool:
        return self._statements is not None

    def __iter__(self) -> Iterator[Statement]:
        return iter(self.statements)


@dataclass(eq=False)
class Module(Node):
    body: Block


@dataclass(eq=False)
class ImportedName(Node):
    """``name as alias``; ``bound`` is the name it binds. A star import has the name ``*``."""

    name: str
    bound: str
    alias: bool = False


@dataclass(eq=False)
class Import(Statement):
    names: tuple[ImportedName, ...]


@dataclass(eq=False)
class ImportFrom(Statement):
    """``module`` has its leading dots."""

    module: str
    names: tuple[ImportedName, ...]


@dataclass(eq=False)
class Assign(Statement):
    targets: tuple[Expression, ...]
    value: Expression
    annotation: Expression | None = None


@dataclass(eq=False)
class AugmentedAssign(Statement):
    """``target op= value``; ``operator`` is without the ``=``."""

    target: Expression
    operator: str
    value: Expression


@dataclass(eq=False)
class Annotated(Statement):
    """``target: annotation`` without a value."""

    target: Expression
    annotation: Expression


@dataclass(eq=False)
class Delete(Statement):
    targets: tuple[Expression, ...]


@dataclass(eq=False)
class ExpressionStatement(Statement):
    value: Expression


@dataclass(eq=False)
class Return(Statement):
    value: Expression | None


@dataclass(eq=False)
class Raise(Statement):
    value: Expression | None


@dataclass(eq=False)
class Break(Statement):
    pass


@dataclass(eq=False)
class Continue(Statement):
    pass


@dataclass(eq=False)
class Pass(Statement):
    pass


@dataclass(eq=False)
class Outer(Statement):
    """``global`` or ``nonlocal``."""

    names: tuple[str, ...]
    to_module: bool


@dataclass(eq=False)
class Assert(Statement):
    test: Expression
    message: Expression | None


@dataclass(eq=False)
class Branch(Node):
    """``test: body`` of an ``if``; the test of an ``else`` is nothing."""

    test: Expression | None
    body: Block


@dataclass(eq=False)
class If(Statement):
    branches: tuple[Branch, ...]

    @property
    def has_else(self) -> bool:
        return self.branches[-1].test is None


@dataclass(eq=False)
class For(Statement):
    target: Expression
    source: Expression
    body: Block
    orelse: Block | None


@dataclass(eq=False)
class While(Statement):
    test: Expression
    body: Block
    orelse: Block | None


@dataclass(eq=False)
class WithItem(Node):
    value: Expression
    target: Expression | None


@dataclass(eq=False)
class With(Statement):
    items: tuple[WithItem, ...]
    body: Block


@dataclass(eq=False)
class Handler(Node):
    """``except types as name``; a bare ``except`` has no type."""

    type: Expression | None
    name: str
    body: Block


@dataclass(eq=False)
class Try(Statement):
    body: Block
    handlers: tuple[Handler, ...]
    orelse: Block | None
    finalbody: Block | None


@dataclass(eq=False)
class Case(Node):
    """A ``case``, its pattern read as the expression that it looks like; alternatives are joined by ``|``."""

    pattern: Expression
    guard: Expression | None
    body: Block


@dataclass(eq=False)
class Match(Statement):
    subject: Expression
    cases: tuple[Case, ...]


@dataclass(eq=False)
class FunctionDef(Statement):
    """A function; ``start_pos`` is that of its decorators. ``name_pos`` is where its name stands."""

    name: str
    name_pos: Pos
    parameters: tuple[Parameter, ...]
    decorators: tuple[Expression, ...]
    body: Block


@dataclass(eq=False)
class ClassDef(Statement):
    name: str
    name_pos: Pos
    arguments: tuple[Argument, ...]
    decorators: tuple[Expression, ...]
    body: Block


@dataclass(eq=False)
class Broken(Statement):
    """What is not a statement at present; ``parts`` are the expressions and statements that can still be read in it."""

    parts: tuple[Statement, ...] = field(default=())


Function: TypeAlias = FunctionDef | Lambda
Scope: TypeAlias = Module | FunctionDef | ClassDef | Lambda


def child_nodes(node: Node) -> Iterator[Node]:
    """The nodes directly below ``node``, in source order as far as the grammar has one."""
    for name in _child_fields(type(node)):
        value = getattr(node, name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            for item in value:
                if isinstance(item, Node):
                    yield item
                elif isinstance(item, tuple):
                    yield from (part for part in item if isinstance(part, Node))
    if isinstance(node, Block):
        yield from node.statements


def walk(node: Node, into: Callable[[Node], bool] = lambda _: True) -> Iterator[Node]:
    """``node`` and all below it; of those that ``into`` refuses, only themselves."""
    stack = [node]
    while stack:
        top = stack.pop()
        yield top
        if into(top):
            stack += reversed(list(child_nodes(top)))


_PLAIN = frozenset({"start_pos", "end_pos", "name_pos", "text", "name", "lower", "_statements"})
_FIELDS: dict[type, tuple[str, ...]] = {}


def _child_fields(kind: type[Node]) -> tuple[str, ...]:
    cached = _FIELDS.get(kind)
    if cached is None:
        cached = _FIELDS[kind] = tuple(each.name for each in fields(kind) if each.name not in _PLAIN)
    return cached


def name_of(node: Node | None) -> str:
    """The name that an expression is, or the last one of an attribute; nothing of others."""
    return node.name if isinstance(node, (Name, Attribute)) else ""


def called_name(node: Node | None) -> str:
    """The name by which a call calls; nothing of what is not a call of a name."""
    return name_of(node.function) if isinstance(node, Call) else ""


def text_in(node: Node | None) -> str | None:
    """The text that a literal is."""
    return node.value if isinstance(node, Constant) and isinstance(node.value, str) else None
