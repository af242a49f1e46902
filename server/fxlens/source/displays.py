"""Items of list, tuple and dict displays as text: putting one in and taking one out, in the style of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from fxlens.source.document import Document
from fxlens.source.model import Position, Span
from fxlens.source.tree import Node, children, is_operator, leaves, value

Changes: TypeAlias = list[tuple[Span, str]]
"""Texts, and what they stand instead of; an empty span inserts."""


@dataclass(frozen=True)
class Item:
    """One item of a display: its first and last leaf, the node that is its name, and the comma behind it."""

    first: Node
    last: Node
    name: Node
    comma: Node | None


class Display:
    """A list, tuple, set or dict display in a document."""

    def __init__(self, document: Document, node: Node) -> None:
        self.document = document
        self.opening, self.closing = children(node)[0], children(node)[-1]
        inner = children(node)[1] if len(children(node)) == 3 else None
        self.items = _items(inner) if inner is not None else []
        pairs = inner is not None and any(is_operator(part, ":") for part in _parts(inner))
        self.is_dict = value(self.opening) == "{" and (pairs or inner is None)

    def item_of(self, leaf: Node) -> Item | None:
        """The item whose name begins with ``leaf``."""
        return next((item for item in self.items if item.name.start_pos == leaf.start_pos), None)

    def with_item(self, text: str) -> Changes:
        """The changes that put ``text`` behind the last item: on a line of its own where that one has one."""
        if not self.items:
            return self._with_first(text)
        last = self.items[-1]
        end = self._end(last.comma or last.last)
        if not self._begins_line(last.first):
            return [(Span(end, end), f" {text}," if last.comma else f", {text}")]
        line = f"{self._line_end(end.line)}{self._indentation(last.first)}{text}"
        if self._start(self.closing).line == end.line:
            return [(Span(end, end), f"{line}," if last.comma else f",{line}")]
        # Behind the comment that speaks of the last item.
        behind = self._content_end(end.line)
        if last.comma:
            return [(Span(behind, behind), f"{line},")]
        if behind == end:
            return [(Span(end, end), f",{line}")]
        return [(Span(end, end), ","), (Span(behind, behind), line)]

    def without_item(self, item: Item) -> Changes:
        """The changes that take ``item`` out, with its line where it has one alone."""
        at = self.items.index(item)
        before = self.items[at - 1] if at else None
        after = self.items[at + 1] if at + 1 < len(self.items) else None
        start, end = self._start(item.first), self._end(item.comma or item.last)
        keeps_comma = value(self.opening) == "(" and len(self.items) == 2
        comma: Changes = []
        if keeps_comma and after is not None and after.comma is None:
            # Without one, what is left is no tuple, but a text in parentheses.
            comma = [(Span(self._end(after.last), self._end(after.last)), ",")]
        if self._begins_line(item.first) and self._ends_line(end):
            whole = [(Span(Position(start.line, 0), Position(end.line + 1, 0)), ""), *comma]
            if before is not None and before.comma is not None and not item.comma and not keeps_comma:
                return [(self.document.span(before.comma), ""), *whole]
            return whole
        if after is not None:
            same_line = self._start(after.first).line == end.line
            return [(Span(start, self._start(after.first) if same_line else end), ""), *comma]
        if before is None:
            return [(Span(start, end), "")]
        kept = before.comma if keeps_comma and not item.comma else None
        return [(Span(self._end(kept or before.last), self._end(item.last)), "")]

    def _with_first(self, text: str) -> Changes:
        close = self._start(self.closing)
        if close.line == self._start(self.opening).line:
            comma = "," if value(self.opening) == "(" else ""
            return [(Span(close, close), f"{text}{comma}")]
        line = Position(close.line, 0)
        indentation = self._indentation(self.closing)
        return [(Span(line, line), f"{indentation}    {text},{self._line_end(close.line - 1)}")]

    def _start(self, node: Node) -> Position:
        return self.document.span(node).start

    def _end(self, node: Node) -> Position:
        return self.document.span(node).end

    def _begins_line(self, leaf: Node) -> bool:
        line, column = leaf.start_pos
        return not self.document.lines[line - 1][:column].strip()

    def _ends_line(self, position: Position) -> bool:
        rest = self.document.lines[position.line][position.column :].strip()
        return not rest or rest.startswith("#")

    def _indentation(self, leaf: Node) -> str:
        line, column = leaf.start_pos
        return self.document.lines[line - 1][:column]

    def _content_end(self, line: int) -> Position:
        return Position(line, len(self.document.lines[line].rstrip()))

    def _line_end(self, line: int) -> str:
        text = self.document.lines[line]
        return text[len(text.rstrip("\r\n")) :] or "\n"


def _parts(inner: Node) -> list[Node]:
    if inner.type in ("dictorsetmaker", "testlist_comp"):
        return children(inner)
    return [inner]


def _items(inner: Node) -> list[Item]:
    if children(inner) and children(inner)[-1].type in ("sync_comp_for", "comp_for"):
        return []
    found: list[Item] = []
    group: list[Node] = []
    for part in [*_parts(inner), None]:
        if part is not None and not is_operator(part, ","):
            group.append(part)
        elif group:
            first, last = next(leaves(group[0])), list(leaves(group[-1]))[-1]
            found.append(Item(first, last, group[0], part))
            group = []
    return found
