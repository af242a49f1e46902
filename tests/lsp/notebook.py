"""Notebooks for language-server tests: cells in, and the same questions as of any document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lens import Lens, Opened, cut_cursor
from lsprotocol import types


@dataclass
class Notebook:
    """An open notebook, whose cells are documents to ask about."""

    lens: Lens
    uri: str
    cells: list[Opened] = field(default_factory=list)
    version: int = 1
    made: int = 0

    @staticmethod
    def open(lens: Lens, *texts: str, name: str = "notebook.ipynb", uri: str = "") -> Notebook:
        """Open a notebook in the workspace's folder (or elsewhere); a ``|`` in a cell marks its cursor."""
        notebook = Notebook(lens, uri or (lens.root / name).as_uri())
        notebook.cells = [notebook._cell(text) for text in texts]
        document = types.NotebookDocument(notebook.uri, "jupyter-notebook", 1, [_kind(cell) for cell in notebook.cells])
        items = [_item(cell) for cell in notebook.cells]
        lens.client.notebook_document_did_open(types.DidOpenNotebookDocumentParams(document, items))
        return notebook

    def insert(self, at: int, text: str) -> Opened:
        cell = self._cell(text)
        self._structure(at, 0, [cell], opened=[cell])
        self.cells.insert(at, cell)
        return cell

    def remove(self, at: int) -> Opened:
        cell = self.cells.pop(at)
        self._structure(at, 1, [], closed=[cell])
        return cell

    def move(self, at: int, to: int) -> None:
        cell = self.cells.pop(at)
        self.cells.insert(to, cell)
        self._structure(0, len(self.cells), self.cells)

    def edit(self, cell: Opened, old: str, new: str) -> None:
        start, end = cell.position_of(old), cell.position_of(old, len(old))
        cell.text, cell.cursor = cut_cursor(cell.text.replace(old, new, 1))
        cell.version += 1
        change = types.TextDocumentContentChangePartial(types.Range(start, end), new.replace("|", ""))
        identifier = types.VersionedTextDocumentIdentifier(cell.version, cell.uri)
        content = types.NotebookDocumentCellContentChanges(identifier, [change])
        self._send(types.NotebookDocumentCellChanges(text_content=[content]))

    def close(self) -> None:
        cells = [types.TextDocumentIdentifier(cell.uri) for cell in self.cells]
        identifier = types.NotebookDocumentIdentifier(self.uri)
        self.lens.client.notebook_document_did_close(types.DidCloseNotebookDocumentParams(identifier, cells))

    async def problems(self) -> list[list[str]]:
        """For each cell, its problems as ``rule: marked text``, in order."""
        await self.lens.settled(self.cells[0])
        return [
            [f"{one.code}: {_marked(cell, one)}" for one in self.lens.client.diagnostics.get(cell.uri, [])]
            for cell in self.cells
        ]

    def _cell(self, text: str) -> Opened:
        self.made += 1
        content, cursor = cut_cursor(text)
        return Opened(f"vscode-notebook-cell:{self.uri.partition(':')[2]}#cell{self.made}", content, cursor)

    def _structure(
        self, at: int, deleted: int, cells: list[Opened], opened: Sequence[Opened] = (), closed: Sequence[Opened] = ()
    ) -> None:
        array = types.NotebookCellArrayChange(at, deleted, [_kind(cell) for cell in cells])
        did_open = [_item(cell) for cell in opened]
        did_close = [types.TextDocumentIdentifier(cell.uri) for cell in closed]
        structure = types.NotebookDocumentCellChangeStructure(array, did_open, did_close)
        self._send(types.NotebookDocumentCellChanges(structure=structure))

    def _send(self, cells: types.NotebookDocumentCellChanges) -> None:
        self.version += 1
        identifier = types.VersionedNotebookDocumentIdentifier(self.version, self.uri)
        change = types.NotebookDocumentChangeEvent(cells=cells)
        self.lens.client.notebook_document_did_change(types.DidChangeNotebookDocumentParams(identifier, change))


def _kind(cell: Opened) -> types.NotebookCell:
    return types.NotebookCell(types.NotebookCellKind.Code, cell.uri)


def _item(cell: Opened) -> types.TextDocumentItem:
    return types.TextDocumentItem(cell.uri, "python", cell.version, cell.text)


def _marked(cell: Opened, one: types.Diagnostic) -> str:
    assert one.range.start.line == one.range.end.line
    return cell.text.split("\n")[one.range.start.line][one.range.start.character : one.range.end.character]
