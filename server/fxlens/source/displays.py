"""Items of list, tuple and dict displays as text: putting one in and taking one out, in the style of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from fxlens.source.model import Position, Span
from fxlens.source.syntax import nodes as n
from fxlens.source.text.document import Document

Changes: TypeAlias = list[tuple[Span, str]]
"""Texts, and what they stand instead of; an empty span inserts."""


@dataclass(frozen=True)
class Item:
    """One item of a display: where it begins and ends, its name (of an entry, the key), and the comma behind it."""

    span: Span
    name: Span
    comma: Position | None

    @property
    def end(self) -> Position:
        """Behind the comma, or behind the item where there is none."""
        return Position(self.comma.line, self.comma.column + 1) if self.comma else self.span.end


class Display:
    """A list, tuple, set or dict display in a document without repairs."""

    def __init__(self, document: Document, node: n.Display | n.DictDisplay) -> None:
        self.document = document
        self.span = document.span(node)
        self.is_dict = isinstance(node, n.DictDisplay)
        self.is_tuple = isinstance(node, n.Display) and node.kind == "tuple"
        self.items = list(_items(document, node))

    def item_of(self, position: Position) -> Item | None:
        """The item whose name begins at ``position``."""
        return next((item for item in self.items if item.name.start == position), None)

    def with_item(self, text: str) -> Changes:
        """The changes that put ``text`` behind the last item: on its own line where that one has one."""
        if not self.items:
            return self._with_first(text)
        last = self.items[-1]
        end = last.end
        if not self._begins_line(last.span.start):
            return [(Span(end, end), f" {text}," if last.comma else f", {text}")]
        line = f"{self._line_end(end.line)}{self._indentation(last.span.start)}{text}"
        if self._closing.line == end.line:
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
        start, end = item.span.start, item.end
        if self._begins_line(start) and self._ends_line(end):
            lines = (Span(Position(start.line, 0), Position(end.line + 1, 0)), "")
            return [*self._without_comma_before(item, before), lines, *self._with_comma_of_tuple(after)]
        if after is not None:
            same_line = after.span.start.line == end.line
            return [(Span(start, after.span.start if same_line else end), ""), *self._with_comma_of_tuple(after)]
        if before is None:
            return [(Span(start, end), "")]
        kept = before.end if self._becomes_tuple_of_one and not item.comma else before.span.end
        return [(Span(kept, item.span.end), "")]

    @property
    def _becomes_tuple_of_one(self) -> bool:
        """Whether taking an item out leaves a tuple that needs its comma: without, it is a text in parentheses."""
        return self.is_tuple and len(self.items) == 2

    def _with_comma_of_tuple(self, left: Item | None) -> Changes:
        """The comma behind the item that is left, where the tuple needs it and it has none."""
        if left is None or left.comma is not None or not self._becomes_tuple_of_one:
            return []
        return [(Span(left.span.end, left.span.end), ",")]

    def _without_comma_before(self, item: Item, before: Item | None) -> Changes:
        """Take out the comma before the last item, where no comma stood behind that."""
        if before is None or before.comma is None or item.comma or self._becomes_tuple_of_one:
            return []
        return [(Span(before.comma, before.end), "")]

    @property
    def _closing(self) -> Position:
        return Position(self.span.end.line, self.span.end.column - 1)

    def _with_first(self, text: str) -> Changes:
        close = self._closing
        if close.line == self.span.start.line:
            comma = "," if self.is_tuple else ""
            return [(Span(close, close), f"{text}{comma}")]
        line = Position(close.line, 0)
        return [(Span(line, line), f"{self._indentation(close)}    {text},{self._line_end(close.line - 1)}")]

    def _begins_line(self, position: Position) -> bool:
        return not self._indentation(position).strip()

    def _ends_line(self, position: Position) -> bool:
        rest = self.document.lines[position.line][position.column :].strip()
        return not rest or rest.startswith("#")

    def _indentation(self, position: Position) -> str:
        return self.document.lines[position.line][: position.column]

    def _content_end(self, line: int) -> Position:
        return Position(line, len(self.document.lines[line].rstrip()))

    def _line_end(self, line: int) -> str:
        text = self.document.lines[line]
        return text[len(text.rstrip("\r\n")) :] or "\n"


def is_written_in_brackets(document: Document, node: n.Display | n.DictDisplay) -> bool:
    """Whether an item can be put into a display: a tuple may be written without parentheses.

    One that opens such a tuple is its first item's.
    """
    if document.text[document.offset(node.start_pos)] not in "([{":
        return False
    return isinstance(node, n.DictDisplay) or not node.items or node.items[0].start_pos != node.start_pos


def _items(document: Document, node: n.Display | n.DictDisplay) -> list[Item]:
    """The items with the commas behind them, which the syntax does not have: what stands between its expressions."""
    entries = node.entries if isinstance(node, n.DictDisplay) else [(None, item) for item in node.items]
    parts = {document.offset(part.start_pos): part for entry in entries for part in entry if part is not None}
    items: list[Item] = []
    own: list[n.Expression] = []
    first = last = 0
    text, at, end = document.text, document.offset(node.start_pos) + 1, document.offset(node.end_pos) - 1

    def close(comma: int | None) -> None:
        if own:
            # Strings side by side are one item of several parts; the name of an entry is its key.
            name_end = own[0] if isinstance(node, n.DictDisplay) else own[-1]
            name = Span(document.span(own[0]).start, document.span(name_end).end)
            where = [document.position(document.parsed_position(each)) for each in (first, last)]
            position = document.position(document.parsed_position(comma)) if comma is not None else None
            items.append(Item(Span(*where), name, position))
            own.clear()

    while at < end:
        if at in parts:
            first, last = first or at, document.offset(parts[at].end_pos)
            own.append(parts[at])
            at = last
            continue
        character = text[at]
        if character == "#":
            at = min(position for position in (text.find("\n", at), text.find("\r", at), end) if position >= 0)
            continue
        if character == ",":
            close(at)
            first = last = 0
        elif not character.isspace() and character != "\\":
            # A bracket or a star that belongs to the item.
            first, last = first or at, at + 1
        at += 1
    close(None)
    return items
