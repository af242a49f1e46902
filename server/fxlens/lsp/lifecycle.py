"""What a client says of itself, its settings and its files: from `initialize` to `exit`."""

from __future__ import annotations

from typing import Any, cast

from lsprotocol import types
from pygls.uris import to_fs_path

from fxlens.lsp.file_news import watching
from fxlens.lsp.protocol import Protocol
from fxlens.lsp.server import FxLensServer
from fxlens.lsp.watchdog import exit_soon, watch_parent


def register_lifecycle(server: FxLensServer) -> None:
    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        watch_parent(params.process_id)
        server.start_session(params)

    @server.feature(types.INITIALIZED)
    async def initialized(_params: types.InitializedParams) -> None:
        if server.shows.registers_watchers and not server.sends_configuration:
            await server.client_register_capability_async(watching())

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def did_change_configuration(params: types.DidChangeConfigurationParams) -> None:
        if server.sends_configuration:
            return
        settings = params.settings
        if not settings and server.shows.asks_configuration:
            items = [types.ConfigurationItem(section="fxlens")]
            (section,) = await server.workspace_configuration_async(types.ConfigurationParams(items))
            settings = {"fxlens": section} if section else {}
        server.reconfigure(settings)

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def did_change_folders(params: types.DidChangeWorkspaceFoldersParams) -> None:
        gone = [to_fs_path(folder.uri) for folder in params.event.removed]
        added = [path for folder in params.event.added if (path := to_fs_path(folder.uri))]
        server.roots = list(dict.fromkeys([root for root in server.roots if root not in gone] + added))
        if not server.sends_configuration:
            server.reconfigure()

    @server.feature(types.SHUTDOWN)
    async def shutdown(_params: Any = None) -> None:
        server.workspace_check.stop()
        server.disk_looks.stop()
        await server.session.engine.shutdown()

    @server.feature(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)
    def cancel_progress(params: types.WorkDoneProgressCancelParams) -> None:
        server.trace_progress.cancel(params.token)

    @server.feature(types.EXIT)
    def leave(_params: Any = None) -> None:
        server.exit_status = cast("Protocol", server.protocol).exit_status
        exit_soon(server.exit_status)


def register_documents(server: FxLensServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: types.DidOpenTextDocumentParams) -> None:
        opened = params.text_document
        path = to_fs_path(opened.uri) or opened.uri
        server.session.engine.open(opened.uri, path, opened.text, opened.version)
        if server.must_look:
            server.disk_looks.soon()

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: types.DidChangeTextDocumentParams) -> None:
        document = server.session.workspace.document(params.text_document.uri)
        if document:
            server.note_edit(document, params.content_changes)
            server.session.engine.change(params.text_document.uri, document.source, document.version)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        server.session.typing.pop(uri, None)
        server.session.saved_by_itself.discard(uri)
        server.session.engine.close(uri)
        server.publisher.forget(uri)
        server.withdraw(uri)
        server.workspace_check.closed(uri)

    _register_saves(server)


def _register_saves(server: FxLensServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_WILL_SAVE)
    def will_save(params: types.WillSaveTextDocumentParams) -> None:
        if params.reason == types.TextDocumentSaveReason.AfterDelay:
            server.session.saved_by_itself.add(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def did_save(params: types.DidSaveTextDocumentParams) -> None:
        if params.text_document.uri in server.session.saved_by_itself:
            server.session.saved_by_itself.remove(params.text_document.uri)  # The editor saves while the user types.
        else:
            server.caret_at(params.text_document.uri, None)
        path = to_fs_path(params.text_document.uri)
        if path:
            server.session.engine.file_changed(path)
            server.workspace_check.soon()
            if server.must_look:
                server.disk_looks.soon()

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def did_change_watched(params: types.DidChangeWatchedFilesParams) -> None:
        for change in params.changes:
            path = to_fs_path(change.uri)
            if path:
                server.session.engine.file_changed(path)
        server.workspace_check.soon()
