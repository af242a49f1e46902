"""A text with its tree: where names occur, what stands where, and positions in the text as it was given."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Protocol

from parso.tree import Leaf

from fxlens.source.model import Position, Span
from fxlens.source.text import tree
from fxlens.source.text.editing import parse_edited, parse_whole
from fxlens.source.text.lines import split_lines, words
from fxlens.source.text.parsed import Parsed

if TYPE_CHECKING:
    from fxlens.source.syntax.lowering import Lowering
    from fxlens.source.syntax.nodes import Module


class Spanned(Protocol):
    """Anything that stands somewhere in a text."""

    @property
    def start_pos(self) -> tuple[int, int]: ...

    @property
    def end_pos(self) -> tuple[int, int]: ...


class Document:
    """One text, parsed; repaired first where it does not parse.

    Nodes have the positions of the repaired text; :meth:`span` gives positions in the text as it was given. ``earlier``
    is the document of the text before, of which is kept what the edit does not touch.
    """

    def __init__(self, text: str, path: str, earlier: Document | None = None) -> None:
        self.path = path
        self.original = text
        given_lines = split_lines(text if text.endswith(("\n", "\r")) else text + "\n")
        edited = parse_edited(earlier.parsed, given_lines) if earlier is not None else None
        self.parsed: Parsed = edited or parse_whole(given_lines, path)
        self.lines, self.repairs = self.parsed.lines, self.parsed.repairs
        self.text = "".join(self.lines)
        self.syntax: Module | None = None
        """The typed syntax, made by ``syntax.lowered``."""
        self.lowering: Lowering | None = earlier.lowering if earlier is not None else None
        """What made the typed syntax of the text before this one, and knows which statements are as they were."""
        self._occurrences: dict[str, list[tuple[int, int]]] = {}
        self._mentions: dict[tuple[str, ...], bool] = {}

    def given_text(self, span: Span) -> str | None:
        """What stands at ``span`` in the text as it was given; nothing for a span of several lines."""
        if span.start.line != span.end.line:
            return None
        return self.parsed.given_lines[span.start.line][span.start.column : span.end.column]

    def mentions_any(self, words: tuple[str, ...]) -> bool:
        """Whether one of several texts stands anywhere in the document; looked for once."""
        mentioned = self._mentions.get(words)
        if mentioned is None:
            mentioned = self._mentions[words] = any(word in self.text for word in words)
        return mentioned

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *accumulate(map(len, self.lines))]

    def offset(self, position: tuple[int, int]) -> int:
        """The offset in the parsed text of a position in it: a line from 1, a column from 0."""
        return self._line_starts[position[0] - 1] + position[1]

    def parsed_position(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._line_starts, offset) - 1
        return line + 1, offset - self._line_starts[line]

    def code(self, node: Spanned) -> str:
        """The source text of ``node``, without what stands before it."""
        return self.text[self.offset(node.start_pos) : self.offset(node.end_pos)]

    def position(self, position: tuple[int, int]) -> Position:
        """A position in the parsed text as one in the text as it was given."""
        line, column = position
        return Position(line - 1, self.repairs.original_column(line - 1, column))

    def span(self, node: Spanned) -> Span:
        return Span(self.position(node.start_pos), self.position(node.end_pos))

    def is_code(self, position: tuple[int, int]) -> bool:
        """Whether a part of the program stands at a parsed position; comments and white space are not."""
        return self._leaf_at(position) is not None

    def occurrences(self, name: str) -> list[tuple[int, int]]:
        """Where the name (or keyword) ``name`` stands, in source order; not in comments and strings."""
        positions = self._occurrences.get(name)
        if positions is None:
            starts = [self.parsed_position(at) for at in words(self.text, name)]
            positions = self._occurrences[name] = [each for each in reversed(starts) if self._is_name(each, name)]
        return positions

    def _is_name(self, position: tuple[int, int], name: str) -> bool:
        leaf = self._leaf_at(position)
        return leaf is not None and leaf.value == name and leaf.type in ("name", "keyword")

    def _leaf_at(self, position: tuple[int, int]) -> Leaf | None:
        """The leaf that covers ``position``; nothing where a comment or white space stands."""
        lines = self.parsed.part_lines
        last = bisect_right(lines, position[0])
        parts = self.parsed.parts[bisect_left(lines, lines[last - 1], hi=last) : last] if last else []
        return tree.leaf_at(parts, position)

    def indentation(self, node: Spanned) -> str:
        """What stands before ``node`` in its line, as white space of the same width."""
        before = self.lines[node.start_pos[0] - 1][: node.start_pos[1]]
        return before if before.isspace() else " " * len(before)


_most_kept = 16
_kept: OrderedDict[str, Document] = OrderedDict()


def keep_documents(most: int) -> None:
    """Keep the trees of so many files: an editor comes back to few, a run over a workspace to all near calls."""
    global _most_kept
    _most_kept = most


def document_of(text: str, path: str) -> Document:
    """The document of ``text``; the last one of ``path``, with all that was found out about it, if it has that text.

    At a keystroke in one file, the files it imports are as they were. A tree changes in place when the next text of its
    path is parsed, so there is one document of each path, and none once that begins.
    """
    document = _kept.pop(path, None)
    if document is None or document.original != text:
        document = Document(text, path, document)
    _kept[path] = document
    while len(_kept) > _most_kept:
        _kept.popitem(last=False)
    return document
