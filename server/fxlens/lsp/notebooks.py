"""Notebooks: what happens to one becomes a change of the one program that its cells are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from lsprotocol import types
from pygls.uris import to_fs_path

from fxlens.lsp.documents import Document
from fxlens.lsp.publishing import Publisher
from fxlens.lsp.session import Session
from fxlens.lsp.typing_place import Change

NOTEBOOK_SYNC = types.NotebookDocumentSyncOptions(
    notebook_selector=[
        types.NotebookDocumentFilterWithCells(cells=[types.NotebookCellLanguage("python")]),
    ],
    save=True,
)
"""Every kind of notebook that has Python cells; the cells of other languages need not be sent."""


class NotebookServer(Protocol):
    """What the handlers need of the server."""

    session: Session
    publisher: Publisher

    def withdraw(self, uri: str) -> None: ...

    def note_edit(self, document: Document, changes: Sequence[Change]) -> None: ...

    def feature(self, name: str) -> Callable[[Any], Any]: ...


def register_notebooks(server: NotebookServer) -> None:
    """Follow the notebooks that the client opens; pygls has brought the workspace up to date before each handler."""

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_OPEN)
    def did_open(params: types.DidOpenNotebookDocumentParams) -> None:
        notebook = params.notebook_document
        text = server.session.workspace.program(notebook).text
        server.session.engine.open(notebook.uri, to_fs_path(notebook.uri) or notebook.uri, text, notebook.version)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def did_change(params: types.DidChangeNotebookDocumentParams) -> None:
        uri = params.notebook_document.uri
        notebook = server.session.workspace.get_notebook_document(notebook_uri=uri)
        if notebook is None:
            return
        structure = params.change.cells.structure if params.change.cells else None
        for cell in (structure and structure.did_close) or ():
            server.withdraw(cell.uri)
        for edited in (params.change.cells.text_content if params.change.cells else None) or ():
            document = server.session.workspace.document(edited.document.uri)
            if document is not None:
                server.note_edit(document, edited.changes)
        text = server.session.workspace.program(notebook).text
        server.session.engine.change(uri, text, params.notebook_document.version)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_SAVE)
    def did_save(params: types.DidSaveNotebookDocumentParams) -> None:
        path = to_fs_path(params.notebook_document.uri)
        if path:
            server.session.engine.file_changed(path)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CLOSE)
    def did_close(params: types.DidCloseNotebookDocumentParams) -> None:
        uri = params.notebook_document.uri
        server.session.engine.close(uri)
        server.publisher.forget(uri)
        for cell in params.cell_text_documents:
            server.session.typing.pop(cell.uri, None)
            server.withdraw(cell.uri)
