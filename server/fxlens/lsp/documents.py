"""The text of open documents, with line ends as the protocol and Python's tokenizer define them.

pygls splits lines with ``str.splitlines``, which also breaks at form feeds, NEL and U+2028; after one of them every
incremental edit lands on the wrong line. So the documents of our workspace split for themselves, and convert between
the client's units (UTF-16 mostly) and code points.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote

from lsprotocol import types
from pygls.workspace import TextDocument, Workspace

from fxlens.source.document import split_lines
from fxlens.source.model import Position, Span


class Document(TextDocument):
    """A text document whose positions can be trusted whatever characters it holds."""

    _split: tuple[str, list[str]] | None = None

    @property
    def lines(self) -> Sequence[str]:
        source = self.source
        if self._split is None or self._split[0] is not source:
            self._split = (source, split_lines(source))
        return self._split[1]

    def _apply_incremental_change(self, change: types.TextDocumentContentChangePartial) -> None:
        source = self.source
        start, end = (self.offset_at(position) for position in (change.range.start, change.range.end))
        self._source = source[:start] + change.text + source[max(start, end) :]

    def offset_at(self, position: types.Position) -> int:
        """The offset in code points of a client position; one beyond a line or the text is moved to its end."""
        lines = self.lines
        if position.line >= len(lines):
            return len(self.source)
        before = sum(map(len, lines[: position.line]))
        return before + self._column(lines[position.line], position.character)

    def position(self, position: types.Position) -> Position:
        """A client position in code points."""
        lines = self.lines
        if position.line >= len(lines):
            return Position(position.line, 0)
        return Position(position.line, self._column(lines[position.line], position.character))

    def client_position(self, position: Position) -> types.Position:
        lines = self.lines
        line = lines[position.line] if position.line < len(lines) else ""
        return types.Position(position.line, self.position_codec.client_num_units(line[: position.column]))

    def client_range(self, span: Span) -> types.Range:
        return types.Range(self.client_position(span.start), self.client_position(span.end))

    def _column(self, line: str, units: int) -> int:
        content = line.rstrip("\r\n")
        if units >= len(content) * 4 or content.isascii():
            return min(units, len(content))
        column = used = 0
        for character in content:
            used += self.position_codec.client_num_units(character)
            if used > units:
                break
            column += 1
        return column


class DocumentWorkspace(Workspace):
    """A pygls workspace whose text documents are :class:`Document` objects."""

    @staticmethod
    def like(workspace: Workspace, sync_kind: types.TextDocumentSyncKind) -> DocumentWorkspace:
        """An empty workspace with the root, folders and position encoding of ``workspace``."""
        folders = list(workspace.folders.values())
        return DocumentWorkspace(workspace.root_uri, sync_kind, folders, workspace.position_encoding)

    def _create_text_document(
        self, doc_uri: str, source: str | None = None, version: int | None = None, language_id: str | None = None
    ) -> Document:
        return Document(
            doc_uri, source, version, language_id, sync_kind=self._sync_kind, position_codec=self.position_codec
        )

    def document(self, uri: str) -> Document | None:
        """The open document of that address; ``None`` for one that is not open."""
        found = self.text_documents.get(unquote(uri))
        return found if isinstance(found, Document) else None
