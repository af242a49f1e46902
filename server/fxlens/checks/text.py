"""The text a check speaks of, by the positions of the source floor."""

from __future__ import annotations

import ast
import io
import tokenize
from collections import Counter
from collections.abc import Mapping
from functools import cached_property

from fxlens.graph import SourceLine
from fxlens.source.model import Position, Span
from fxlens.source.text.document import Document
from fxlens.source.text.lines import split_lines
from fxlens.source.text.notebooks import Program, place_name

_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class SourceText:
    """A file's text, to look at and to make edits for.

    ``notebooks`` are the programs of notebooks by their paths: what they say of a line, they say by cell. ``path`` is
    the text's own, where it has one.
    """

    def __init__(self, text: str, notebooks: Mapping[str, Program] | None = None, path: str | None = None) -> None:
        self.text = text
        self._path = path
        self._notebooks = notebooks or {}
        self.lines = split_lines(text)

    def place_name(self, source: SourceLine) -> str:
        """A line of this or another file, as the user sees it."""
        return place_name(source, self._notebooks, self._path)

    def at(self, span: Span) -> str:
        """What stands at ``span``."""
        first, last = span.start, span.end
        if first.line == last.line:
            return self.lines[first.line][first.column : last.column]
        middle = self.lines[first.line + 1 : last.line]
        return "".join([self.lines[first.line][first.column :], *middle, self.lines[last.line][: last.column]])

    def after(self, position: Position) -> str:
        """What follows ``position``, to the end of the text."""
        return "".join([self.lines[position.line][position.column :], *self.lines[position.line + 1 :]])

    def indentation(self, line: int) -> str:
        content = self.lines[line]
        return content[: len(content) - len(content.lstrip())]

    def content(self, line: int) -> str:
        """A line without its line end."""
        return self.lines[line].rstrip("\r\n")

    def begins_line(self, position: Position) -> bool:
        """Whether only blanks stand before ``position`` on its line."""
        return not self.lines[position.line][: position.column].strip()

    @property
    def newline(self) -> str:
        return "\r\n" if self.lines and self.lines[0].endswith("\r\n") else "\n"

    def end_of(self, line: int) -> Position:
        return Position(line, len(self.content(line)))

    def moved(self, position: Position, by: int) -> Position:
        """The position ``by`` characters on."""
        line, column = position.line, position.column + by
        while line < len(self.lines) - 1 and column >= len(self.lines[line]):
            column -= len(self.lines[line])
            line += 1
        return Position(line, column)

    @cached_property
    def document(self) -> Document:
        """The text's document, apart from that of the analysis, which its next reading changes."""
        return Document(self.text, f"{self._path}#checks")

    @cached_property
    def tree(self) -> ast.Module | None:
        """The text's syntax tree; nothing while it does not parse."""
        try:
            return ast.parse(self.text)
        except (SyntaxError, ValueError):
            return None

    @cached_property
    def name_uses(self) -> Counter[str]:
        """How often each name stands in the syntax tree; walked once, for each of many problems looks names up."""
        return Counter(node.id for node in self._nodes if isinstance(node, ast.Name))

    @cached_property
    def bound_names(self) -> frozenset[str]:
        """Every name that the text uses, defines or imports."""
        defined = {node.name for node in self._nodes if isinstance(node, _DEFINITIONS)}
        aliases = [
            alias for node in self._nodes if isinstance(node, (ast.Import, ast.ImportFrom)) for alias in node.names
        ]
        imported = {(alias.asname or alias.name).partition(".")[0] for alias in aliases}
        return frozenset(self.name_uses) | defined | imported

    @cached_property
    def _nodes(self) -> tuple[ast.AST, ...]:
        return tuple(ast.walk(self.tree)) if self.tree else ()

    @cached_property
    def continued_strings(self) -> frozenset[int]:
        """The lines (from 0) whose end stands inside a string or behind a backslash; all, if the text has no tokens.

        A comment put there would become part of the string, or a syntax error.
        """
        continued = {at for at in range(len(self.lines)) if self.content(at).endswith("\\")}
        try:
            for token in tokenize.generate_tokens(io.StringIO("".join(self.lines)).readline):
                if tokenize.tok_name[token.type] in ("STRING", "FSTRING_MIDDLE"):
                    continued.update(range(token.start[0] - 1, token.end[0] - 1))
        except (tokenize.TokenError, SyntaxError):
            return frozenset(range(len(self.lines)))
        return frozenset(continued)
