"""The text of open documents, with line ends as the protocol and Python's tokenizer define them.

pygls splits lines with ``str.splitlines``, which also breaks at form feeds, NEL and U+2028; after one of them every
incremental edit lands on the wrong line. So the documents of our workspace split for themselves, and convert between
the client's units (UTF-16 mostly) and code points.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from lsprotocol import types
from pygls.uris import to_fs_path
from pygls.workspace import TextDocument, Workspace

from fxlens.source.model import Position, Span
from fxlens.source.text.lines import split_lines
from fxlens.source.text.notebooks import Cell, Program


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
        end = max(start, end)
        self._source = source[:start] + change.text + source[end:]
        self._splice_lines(change.range.start.line, start, change.range.end.line, end, change.text)

    def _splice_lines(self, first: int, start: int, last: int, end: int, text: str) -> None:
        """Split again only the lines that an edit touches: splitting a text of 50 MB takes a second."""
        source, split = self._source, self._split
        lines = split[1] if split is not None else []
        if source is None or not first <= last < len(lines):
            self._split = None
            return
        # One more on both sides: an edit may part or join a `\\r` and its `\\n`.
        first, last = max(first - 1, 0), min(last + 1, len(lines) - 1)
        before = sum(map(len, lines[:first]))
        touched = sum(map(len, lines[first : last + 1])) + len(text) - (end - start)
        again = split_lines(source[before : before + touched])
        if last < len(lines) - 1:
            again.pop()  # What is behind the last line end: the line that follows is kept.
        lines[first : last + 1] = again
        self._split = (source, lines)

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

    def between(self, start: Position, end: Position) -> str:
        """The text from one position to another; what is not there is empty."""
        lines = list(self.lines[start.line : end.line + 1])
        if lines and end.line < len(self.lines):
            lines[-1] = lines[-1][: end.column]
        if lines:
            lines[0] = lines[0][start.column :]
        return "".join(lines)

    def client_range(self, span: Span) -> types.Range:
        return types.Range(self.client_position(span.start), self.client_position(span.end))

    @property
    def program_uri(self) -> str:
        """The address under which the engine knows the text: the document's own, but a cell's notebook's."""
        return str(self.uri)

    def uri_at(self, _position: Position) -> str:
        """The address of the document that the position stands in, which for a cell may be another cell."""
        return str(self.uri)

    def holds(self, span: Span) -> bool:
        """Whether the span stands in this document, and not in another cell of its notebook."""
        return self.uri_at(span.start) == self.uri

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


class CellDocument(Document):
    """A cell as a window on its notebook's program.

    ``source``, ``lines`` and positions of the house are the program's; positions of the client count from the first
    line of the cell they stand in.
    """

    def __init__(self, cell: Document, notebook_uri: str, program: Program) -> None:
        super().__init__(cell.uri, program.text, cell.version, cell.language_id, position_codec=cell.position_codec)
        self._notebook_uri = notebook_uri
        self._program = program
        self._cell_place = program.cell_place(cell.uri)

    @property
    def program_uri(self) -> str:
        return self._notebook_uri

    def uri_at(self, _position: Position) -> str:
        cell_place = self._program.place_of(_position.line)
        return self._program.cells[cell_place.at].uri if cell_place else ""

    def position(self, position: types.Position) -> Position:
        first = self._cell_place.first if self._cell_place else 0
        return super().position(types.Position(position.line + first, position.character))

    def client_position(self, position: Position) -> types.Position:
        in_program = super().client_position(position)
        cell_place = self._program.place_of(position.line)
        return types.Position(in_program.line - cell_place.first, in_program.character) if cell_place else in_program


class DocumentWorkspace(Workspace):
    """A pygls workspace whose text documents are :class:`Document` objects, cells of notebooks among them."""

    def __init__(
        self,
        root_uri: str | None,
        sync_kind: types.TextDocumentSyncKind = types.TextDocumentSyncKind.Incremental,
        workspace_folders: Sequence[types.WorkspaceFolder] | None = None,
        position_encoding: types.PositionEncodingKind | str | None = types.PositionEncodingKind.Utf16,
    ) -> None:
        super().__init__(root_uri, sync_kind, workspace_folders, position_encoding)
        self._programs: dict[str, Program] = {}

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
        """The open document or cell of that address; ``None`` for one that is not open.

        What is given for a cell shows its notebook as it is now, and does not follow later edits.
        """
        cached = self.text_documents.get(unquote(uri))
        if not isinstance(cached, Document):
            return None
        notebook = self.get_notebook_document(cell_uri=uri)
        return CellDocument(cached, notebook.uri, self.program(notebook)) if notebook else cached

    def unopened(self, uri: str, text: str) -> Document:
        """A file that is not open, to convert its positions."""
        return self._create_text_document(uri, text)

    def documents(self) -> Iterator[Document]:
        """Every open document and cell."""
        for uri in list(self.text_documents):
            document = self.document(uri)
            if document:
                yield document

    def document_uris(self, program_uri: str) -> list[str]:
        """The documents that show an analysis of the engine: one, or the Python cells of a notebook."""
        notebook = self.get_notebook_document(notebook_uri=program_uri)
        return [cell.uri for cell in self.program(notebook).cells] if notebook else [program_uri]

    def program(self, notebook: types.NotebookDocument) -> Program:
        """The Python cells of a notebook as one text."""
        cells = tuple(self._python_cells(notebook))
        cached = self._programs.get(notebook.uri)
        if cached is None or cached.cells != cells:
            cached = self._programs[notebook.uri] = Program.of(cells)
        return cached

    def notebooks(self) -> dict[str, Program]:
        """The programs of the open notebooks, by the path that the worker knows their code under."""
        return {path: self.program(notebook) for path, notebook in self._notebook_paths()}

    def notebook_at(self, path: str) -> Program | None:
        """The program of the open notebook whose code the worker knows under that path."""
        return next((self.program(notebook) for other, notebook in self._notebook_paths() if other == path), None)

    def _notebook_paths(self) -> Iterator[tuple[str, types.NotebookDocument]]:
        for notebook in list(self.notebook_documents.values()):
            yield to_fs_path(notebook.uri) or notebook.uri, notebook

    def _python_cells(self, notebook: types.NotebookDocument) -> Iterator[Cell]:
        for cell in notebook.cells:
            document = self.text_documents.get(unquote(cell.document))
            if cell.kind == types.NotebookCellKind.Code and document and document.language_id == "python":
                yield Cell(document.uri, document.source)

    def remove_notebook_document(self, params: types.DidCloseNotebookDocumentParams) -> None:
        super().remove_notebook_document(params)
        self._programs.pop(params.notebook_document.uri, None)
