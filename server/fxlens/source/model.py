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

Function: TypeAlias = Literal["create_feature_extractor", "get_graph_node_names", "IntermediateLayerGetter"]
CallDialect: TypeAlias = Dialect | Literal["children"]
"""Whose rules a call follows; ``children`` are those of torchvision's ``IntermediateLayerGetter``, which runs the
direct children of a model in the order of their definition."""
Kind: TypeAlias = Literal["list", "dict", "set", "tuple", "string", "none", "other"]
Role: TypeAlias = Literal["return_nodes", "train_return_nodes", "eval_return_nodes"]


KeyUseKind: TypeAlias = Literal["subscript", "get", "pop", "del", "set"]
"""How a key of an output is read, or given another value (``set``). ``get`` raises nothing where the key is missing."""


PathLiteral: TypeAlias = tuple[int, str, bool]
"""Of something that only a run can tell, by number: that it is equal to a constant (by its text), or true (``""``), or
that it is not."""
PathCondition: TypeAlias = frozenset[PathLiteral]
"""A conjunction of such literals."""
ALWAYS: PathCondition = frozenset()
_MOST_PATHS = 64
"""Beyond as many paths through the conditions of one call, they are not told apart, and nothing is reported on them."""


def compatible(first: PathCondition, second: PathCondition) -> bool:
    """Whether two conditions can hold at once.

    Example:
        >>> compatible(frozenset({(1, "'a'", True)}), frozenset({(1, "'b'", True)}))
        False
    """
    if any((subject, value, not holds) in second for subject, value, holds in first):
        return False
    constants = {subject: value for subject, value, holds in second if holds and value}
    return not any(holds and value and constants.get(subject, value) != value for subject, value, holds in first)


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
    ``conditions`` are the path conditions, one of them at least, on which it is requested. ``key`` is the source text
    of the output's key: the value that stands beside the query in a dict. A query is ``uncertain`` if a condition that
    the text does not decide depends on what the model depends on: it may be requested of another model than is known.
    ``is_text`` is false for a number, of which most functions make a text.
    """

    text: str
    span: Span
    literal: Span
    role: Role
    closed: bool = True
    plain: bool = True
    editable: bool = True
    conditions: tuple[PathCondition, ...] = (ALWAYS,)
    key: str | None = None
    uncertain: bool = False
    is_text: bool = True

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The modes in which the query must select something."""
        if self.role == "train_return_nodes":
            return ("train",)
        return ("eval",) if self.role == "eval_return_nodes" else MODES


@dataclass(frozen=True)
class WrittenKey:
    """A key of an output as it stands in the source; the fields are those of :class:`Query`.

    ``is_text`` is false for a number, which no extractor has as a key.
    """

    text: str
    path: str
    span: Span
    literal: Span
    closed: bool = True
    plain: bool = True
    editable: bool = True
    is_text: bool = True


@dataclass(frozen=True)
class OutputKey:
    """A key of what the extractor returns, and the query whose value stands there.

    ``own`` says that the key is written beside the query; otherwise the query is the key. ``written`` is nothing where
    only a computation holds the key.
    """

    text: str
    query: Query
    written: WrittenKey | None
    own: bool = True


@dataclass(frozen=True)
class KeyUse:
    """A place where a key of the output is read, and whether it is missing there for certain; ``whole`` is the read."""

    key: WrittenKey
    use: KeyUseKind
    missing: bool
    whole: Span


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
    dialect: CallDialect
    span: Span
    callee: Span
    model_span: Span | None
    queries: tuple[Query, ...] = ()
    slices: tuple[Slice, ...] = ()
    conditions: tuple[tuple[PathCondition, ...], ...] = ()
    """For each slice, the path conditions on which its model is the one."""
    unresolved: Unresolved | None = None
    names_unresolved: Unresolved | None = field(default=None)
    """Why the queries are not (all) known although the call has such an argument."""
    keeps_values: bool = False
    """Whether the extractor gives each query its own node, with the value that it had when it was computed."""
    hinted: bool = False
    """Whether a comment says what the model is; ``model_span`` is then the expression in it."""
    arguments: tuple[GivenArgument, ...] = ()
    unpacks: bool = False
    """Whether ``*args`` or ``**kwargs`` may give more than is written."""
    caught: bool = False
    """Whether a ``try`` around the call goes on when it raises: what is wrong then is expected to be."""
    delegates: bool = False
    """Whether this is a call of a wrapper, whose own text is in another file."""
    elsewhere: bool = False
    """Whether the call stands in another file, and only its queries in this one: ``span`` is then where they stand."""
    reached: bool = True
    """Whether any run comes to the call; one that none comes to is completed, and nothing is wrong in it."""
    complete: bool = True
    """Whether everything was looked at: if not, nothing may be called absent."""
    keys: tuple[OutputKey, ...] = ()
    """The keys of what an extractor returns; ``reads`` are the places in this file where one of them is read."""
    reads: tuple[KeyUse, ...] = ()
    open_settings: tuple[str, ...] = ()
    """Environment variables and functions that set how libraries build models, as far as no slice can be sure of."""

    @property
    def extracts(self) -> bool:
        """Whether the call makes an extractor, and requests names for it."""
        return self.function != "get_graph_node_names"

    @property
    def naming(self) -> Dialect:
        """The rule by which the model's nodes are named; for direct children a module's name is its path."""
        return "fxlens" if self.dialect == "children" else self.dialect

    def slices_of(self, query: Query) -> tuple[int, ...]:
        """The indexes of the slices whose models ``query`` may be requested of."""
        if not self.conditions:
            return tuple(range(len(self.slices)))
        return tuple(
            at
            for at, conditions in enumerate(self.conditions)
            if any(compatible(condition, other) for condition in conditions for other in query.conditions)
        )

    def asked_with(self, query: Query) -> list[tuple[str, ...]]:
        """The texts that are requested together with ``query``, its own included: one tuple for each path.

        Of two arms of an ``if``, or two iterations of a loop, each has its own call. Of too many paths none.
        """
        same = [other for other in self.queries if other.role == query.role]
        requests: dict[tuple[str, ...], None] = {}
        for condition in query.conditions:
            paths = _paths(condition, [each for other in same for each in other.conditions])
            if paths is None:
                return []
            for path in paths:
                texts = [other.text for other in same if any(each <= path for each in other.conditions)]
                requests[tuple(dict.fromkeys(texts))] = None
        return list(requests)


def _paths(start: PathCondition, conditions: list[PathCondition]) -> list[PathCondition] | None:
    """The paths on which ``start`` holds, told apart by the literals of ``conditions``."""
    paths = [start]
    for literal in dict.fromkeys(each for condition in conditions for each in sorted(condition)):
        opposite = (literal[0], literal[1], not literal[2])
        longer: list[PathCondition] = []
        for path in paths:
            if literal in path or opposite in path:
                longer.append(path)
                continue
            longer += [path | {each} for each in (literal, opposite) if compatible(path, frozenset({each}))]
        if len(longer) > _MOST_PATHS:
            return None
        paths = longer
    return paths


@dataclass(frozen=True)
class FileCalls:
    """The extraction calls of one file, in source order; ``unread`` says why there may be others."""

    path: str
    calls: tuple[ExtractionCall, ...] = ()
    unread: str = ""
