"""Which operation of a program stands at a position: a call, at the name that is called; else at the operator."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from fxlens.source.model import Position, Span
from fxlens.source.syntax import lowered, path_to
from fxlens.source.syntax import nodes as n
from fxlens.source.text.document import Document


@dataclass(frozen=True)
class Operation:
    """An expression (or ``x += y``), and the part of it that a position stands in.

    ``shown`` is what an editor marks: of ``self.conv(x)`` all before the bracket. ``attribute`` is where the name
    behind the last dot of what is called begins: Python takes a call over several lines to begin there.
    """

    span: Span
    shown: Span
    attribute: Position | None = None

    def is_at(self, span: Span) -> bool:
        """Whether Python, which says that ``span`` runs, means this operation."""
        return span.end == self.span.end and span.start in (self.span.start, self.attribute)


def operation_at(text: str, path: str, position: Position) -> Operation | None:
    """The operation at a position; none on its operands, which are names of their own, nor in broken code.

    Example:
        >>> text = "y = self.b(self.a(x)) + z\\n"
        >>> operation_at(text, "net.py", Position(0, 16)).shown  # doctest: +NORMALIZE_WHITESPACE
        Span(start=Position(line=0, column=11), end=Position(line=0, column=17))
    """
    document = _document(text, path)
    if document.repairs.insertions:
        return None
    around = path_to(lowered(document), (position.line + 1, position.column))
    node, call = around[-1], _call_by(around)
    if call is not None:
        return None if isinstance(node, n.Name) and node is not call.function else _call(document, call)
    if isinstance(node, n.Call):
        return _call(document, node)
    if isinstance(node, n.Attribute) and position < document.position(node.name_pos):
        return None
    if isinstance(node, (n.Expression, n.AugmentedAssign)) and not isinstance(node, (n.Name, n.Constant)):
        span = document.span(node)
        return Operation(span, span)
    return None


def _call_by(around: list[n.Node]) -> n.Call | None:
    """The call of the function in whose name, or attributes, the innermost node stands."""
    for call, called in zip(around[-2::-1], around[:0:-1], strict=True):
        if isinstance(call, n.Call) and call.function is called:
            return call
        if not isinstance(called, (n.Attribute, n.Subscript, n.Name)):
            return None
    return None


def _call(document: Document, call: n.Call) -> Operation:
    function = call.function
    attribute = document.position(function.name_pos) if isinstance(function, n.Attribute) else None
    return Operation(document.span(call), document.span(function), attribute)


@lru_cache(maxsize=4)
def _document(text: str, path: str) -> Document:
    """The pointer moves over the same text; a long one takes a while to read."""
    return Document(text, f"{path}#operations")
