"""What the source floor finds: extraction calls, queries with exact ranges, and slices.

Positions count lines and columns from 0, columns in code points; a line ends at ``\\n``, ``\\r\\n`` or ``\\r`` only,
as in Python's tokenizer and in the language server protocol (never at form feeds or U+2028).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias

from fxlens.graph import MODES, Dialect, Mode

Function: TypeAlias = Literal["create_feature_extractor", "get_graph_node_names"]
Kind: TypeAlias = Literal["list", "dict", "set", "tuple", "string", "none", "other"]
Role: TypeAlias = Literal["return_nodes", "train_return_nodes", "eval_return_nodes"]


@dataclass(frozen=True, order=True)
class Position:
    line: int
    column: int


@dataclass(frozen=True)
class Span:
    start: Position
    end: Position

    def contains(self, position: Position) -> bool:
        """Whether ``position`` is inside or touches the span (a cursor behind the last character still counts)."""
        return self.start <= position <= self.end


@dataclass(frozen=True)
class Query:
    """One query string as it stands in the source.

    ``text`` is the string's value, ``span`` its content between the quotes, ``literal`` the whole token with prefix
    and quotes. ``closed`` is false for a string whose closing quote is still missing: ``span`` then ends where the
    line does, or before the text that plainly is not the string's any more. ``plain`` says that each character of the
    content stands for itself, so that columns inside ``span`` are offsets into ``text``. ``editable`` is false where
    replacing the content would change more than this one query (a part of an f-string, a literal used twice).
    ``slices`` lists the indexes of the call's slices the query belongs to, ``None`` meaning all of them; ``ways`` in
    the same manner the ways through the file (arms, rounds of a loop, callers) on which it is asked for. ``key`` is
    the source text of the output's key: the value that stands beside the query in a dict. ``asks`` are the names in
    conditions on which it is asked for and which the text does not decide; where the model depends on the same ones,
    the query is ``doubtful``: it may be asked of another model than is known. ``chosen`` are the places where an
    expression may be one of several (arms, entries of a table), with the number of the one that the query stands in.
    """

    text: str
    span: Span
    literal: Span
    role: Role
    closed: bool = True
    plain: bool = True
    editable: bool = True
    slices: tuple[int, ...] | None = None
    ways: tuple[int, ...] | None = None
    key: str | None = None
    asks: frozenset[str] = frozenset()
    chosen: frozenset[tuple[int, int]] = frozenset()
    doubtful: bool = False

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The modes in which the query must select something."""
        if self.role == "train_return_nodes":
            return ("train",)
        return ("eval",) if self.role == "eval_return_nodes" else MODES


@dataclass(frozen=True)
class SliceStatement:
    """One statement of a slice: its first line (from 0) and its text, first-line indentation included."""

    line: int
    text: str


@dataclass(frozen=True)
class Argument:
    """An argument of the call that changes the trace, as source text (``tracer_kwargs``, ``concrete_args`` …)."""

    name: str
    expression: str
    line: int


@dataclass(frozen=True)
class GivenArgument:
    """An argument of the call as it is written, under its parameter's name.

    ``kind`` is what its value is for certain (``"other"`` when that is open), ``span`` the expression and ``whole``
    the expression with its keyword.
    """

    name: str
    keyword: bool
    kind: Kind
    span: Span
    whole: Span


@dataclass(frozen=True)
class Slice:
    """The statements the model expression depends on, in source order, and the expressions to evaluate after them.

    ``model`` is the expression's source text and ``line`` its first line (from 0). ``imports`` are dotted paths in it
    whose modules the file does not import: a hint may name them.
    """

    path: str
    statements: tuple[SliceStatement, ...]
    model: str
    line: int
    arguments: tuple[Argument, ...] = ()
    imports: tuple[str, ...] = ()

    @cached_property
    def key(self) -> str:
        """A digest of what is evaluated; equal keys evaluate to the same model as long as imported files stay."""
        parts = (
            self.path,
            [(statement.line, statement.text) for statement in self.statements],
            (self.line, self.model),
            [(argument.name, argument.expression, argument.line) for argument in self.arguments],
            self.imports,
        )
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Unresolved:
    """Why no model was found for a call, and what would help; both are sentences for the user."""

    reason: str
    remedy: str = ""


@dataclass(frozen=True)
class ExtractionCall:
    """One call of a feature-extraction function, resolved by import.

    ``span`` covers the whole call, ``callee`` the function's name in it, ``model_span`` the model expression. A call
    has at least one slice or an ``unresolved``; it may have both when only some branches could be resolved.
    """

    function: Function
    dialect: Dialect
    span: Span
    callee: Span
    model_span: Span | None
    queries: tuple[Query, ...] = ()
    slices: tuple[Slice, ...] = ()
    unresolved: Unresolved | None = None
    names_unresolved: Unresolved | None = field(default=None)
    """Why the queries are not (all) known although the call has such an argument."""
    hinted: bool = False
    """Whether a comment says what the model is; ``model_span`` is then the expression in it."""
    given: tuple[GivenArgument, ...] = ()
    unpacks: bool = False
    """Whether ``*args`` or ``**kwargs`` may give more than is written."""
    caught: bool = False
    """Whether a ``try`` around the call goes on when it raises: what is wrong then is expected to be."""
    delegates: bool = False
    """Whether this is a call of a wrapper, whose own text is in another file."""

    def asked_with(self, query: Query) -> list[tuple[str, ...]]:
        """The texts that the call asks for together with ``query``, its own included: one tuple for each way.

        Of two arms of an ``if``, or two rounds of a loop, each has a call of its own.
        """
        same = [other for other in self.queries if other.role == query.role]
        ways = query.ways if query.ways is not None else {way for other in same for way in other.ways or ()} or {0}
        found = [[other.text for other in same if other.ways is None or way in other.ways] for way in sorted(ways)]
        return list(dict.fromkeys(tuple(dict.fromkeys(texts)) for texts in found))


@dataclass(frozen=True)
class FileCalls:
    """The extraction calls of one file, in source order."""

    path: str
    calls: tuple[ExtractionCall, ...] = ()
