"""Queries whose text is built: f-strings, joined strings and formats, for all values of the loops around them."""

from __future__ import annotations

from fxlens.source import constants
from fxlens.source.flow import Flow
from fxlens.source.model import Query, Role
from fxlens.source.strings import content_span, read_string
from fxlens.source.tree import Node, children, value

_MOST = 256


class BuiltNames:
    """Makes queries of string expressions.

    A text that no literal holds stands where the expression does that makes it: between the quotes of an f-string, else
    all of the expression. ``loops`` holds, innermost last, the queries that the names of comprehensions go through
    where the items themselves cannot be told one by one.
    """

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.document = flow.document
        self.loops: list[dict[str, list[Query]]] = []

    def of_loop(self, name: str) -> list[Query] | None:
        """The queries that a comprehension's name goes through."""
        return next((loop[name] for loop in reversed(self.loops) if name in loop), None)

    def of_string(self, node: Node, role: Role) -> list[Query] | None:
        """The query of a string or an f-string; nothing where it depends on what is not known."""
        text = read_string(self.document, node)
        if text is not None:
            return [Query(text.value, text.span, text.literal, role, text.closed, text.plain, text.editable)]
        pieces = [node] if node.type == "fstring" else children(node)
        if not any(piece.type == "fstring" for piece in pieces):
            return []  # Bytes.
        texts = self._expand(pieces)
        span, literal = content_span(self.document, node), self.document.span(node)
        if texts is None:
            return None
        return [Query(built, span, literal, role, plain=False, editable=False) for built in texts]

    def of_value(self, known: object, node: Node, role: Role) -> list[Query] | None:
        """The queries of a value that the expression ``node`` has; nothing if it is none of names."""
        texts = known if isinstance(known, tuple) else (known,)
        span = self.document.span(node)
        found = [Query(text, span, span, role, plain=False, editable=False) for text in texts if isinstance(text, str)]
        return found if len(found) == len(texts) else None

    def is_text(self, node: Node) -> bool:
        """Whether a sum is one of strings, and so one string."""
        parts = children(node)[::2]
        texts = ("string", "strings", "fstring")
        return any(part.type in texts or isinstance(constants.evaluate(self.flow, part), str) for part in parts)

    def _expand(self, parts: list[Node]) -> list[str] | None:
        """The texts that strings and f-strings side by side make."""
        texts = [""]
        for part in parts:
            choices = self._choices(part)
            if choices is None:
                return None
            texts = [before + choice for before in texts for choice in choices][:_MOST]
        return texts

    def _choices(self, part: Node) -> list[str] | None:
        if part.type == "fstring":
            return self._expand(children(part)[1:-1])
        if part.type == "fstring_expr" and len(children(part)) == 3:
            queries = self.of_loop(value(children(part)[1]))
            if queries is not None:
                return [query.text for query in queries]
        known = constants.piece_of_text(self.flow, part)
        return [known] if isinstance(known, str) else None
