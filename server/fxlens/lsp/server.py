"""The language server: pygls over stdio, each feature a thin view of the engine and the checks."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, cast

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.protocol import JsonRPCNotification, JsonRPCRequestMessage, default_converter
from pygls.uris import to_fs_path

from fxlens import __version__
from fxlens.engine.analysis import FileAnalysis, WorkerState
from fxlens.engine.engine import Engine
from fxlens.engine.file_names import use_utf8
from fxlens.lsp.actions import KINDS, code_actions
from fxlens.lsp.client import ClientShows
from fxlens.lsp.code_lens import code_lenses
from fxlens.lsp.completion import TRIGGERS, complete, resolve
from fxlens.lsp.configuration import Configuration, read_configuration
from fxlens.lsp.debug import debug_information
from fxlens.lsp.definition import definition
from fxlens.lsp.diagnostics import diagnose, diagnose_projects
from fxlens.lsp.documents import Document, DocumentWorkspace
from fxlens.lsp.garbage import Collector
from fxlens.lsp.hover import hover
from fxlens.lsp.inlay_hints import inlay_hints
from fxlens.lsp.notebooks import NOTEBOOK_SYNC, register_notebooks
from fxlens.lsp.picture import graph_find, graph_levels, graph_node, graph_view
from fxlens.lsp.progress import TraceProgress
from fxlens.lsp.protocol import Headers, Protocol
from fxlens.lsp.publishing import Publisher
from fxlens.lsp.references import highlights, references
from fxlens.lsp.refreshing import LensRefresher
from fxlens.lsp.rename import CannotRenameError, prepare_rename, rename
from fxlens.lsp.session import Published, Session
from fxlens.lsp.status import status
from fxlens.lsp.symbols import document_symbols, flat, workspace_symbols
from fxlens.lsp.toggling import toggle
from fxlens.lsp.tree import Asked, tree, tree_children, tree_models, tree_path, tree_source
from fxlens.lsp.typing_place import Change, end_of_edit
from fxlens.lsp.watchdog import exit_soon, watch_parent
from fxlens.lsp.wire import Graph, GraphFound, GraphLevels, GraphNodeDetails
from fxlens.lsp.workspace_check import WorkspaceCheck

_SYNC = types.TextDocumentSyncKind.Incremental


class FxLensServer(LanguageServer):
    """One connection to one client; ``session`` and its companions stand from ``initialize`` on."""

    session: Session
    shows: ClientShows
    publisher: Publisher
    collector: Collector
    trace_progress: TraceProgress
    lens_refresher: LensRefresher
    workspace_check: WorkspaceCheck
    roots: list[str]
    """The workspace folders that the client has told of; our own tells of them in its configuration, too."""
    options: Any
    """The ``initializationOptions``."""

    def __init__(self) -> None:
        super().__init__(
            "fxlens",
            __version__,
            text_document_sync_kind=_SYNC,
            notebook_document_sync=NOTEBOOK_SYNC,
            protocol_cls=Protocol,
            converter_factory=_converter,
        )

    def start_session(self, params: types.InitializeParams) -> None:
        self.roots = _roots(params)
        self.options = params.initialization_options
        configuration = read_configuration(self.options, self.roots)
        self.shows = ClientShows.of(params.capabilities, params.initialization_options)
        self.publisher = Publisher(self.publish)
        self.collector = Collector()
        self.workspace_check = WorkspaceCheck(self)
        self.lens_refresher = LensRefresher(lambda: self.workspace_code_lens_refresh(None))
        self.trace_progress = TraceProgress(self, self.shows, lambda key: self.session.engine.cancel(key))
        engine = Engine(
            on_analysis=lambda analysis: self.publisher.publish(analysis.uri, analysis.version),
            on_worker=self.publish_worker,
            on_log=self.log,
            on_phase=self.trace_progress.take,
            on_worker_log=self.log_worker,
        )
        workspace = DocumentWorkspace.like(self.workspace, _SYNC)
        # pygls offers no hook for the class of its workspace; replacing it here, before any document is open, is one.
        self.protocol._workspace = workspace  # noqa: SLF001
        self.session = Session(engine, workspace, configuration, self.log)
        self.configure(configuration)

    def configure(self, configuration: Configuration) -> None:
        for problem in configuration.problems:
            self.log(f"Setting ignored: {problem}")
        was_checked = self.session.configuration.check_workspace
        self.session.configuration = configuration
        self.session.engine.configure(configuration.engine)
        for uri in self.program_uris():
            self.publish(uri)
        if configuration.check_workspace:
            self.workspace_check.soon()
        elif was_checked:
            self.workspace_check.clear()

    def reconfigure(self, settings: Any = None) -> None:
        """Read anew what an editor other than our own client has set: it sends no configuration of ours."""
        if isinstance(settings, Mapping):
            self.options = settings
        configuration = read_configuration(self.options, self.roots)
        if configuration != self.session.configuration:
            self.configure(configuration)

    @property
    def sends_configuration(self) -> bool:
        """Whether the client is our own, which sends trust and interpreters whenever they change."""
        return isinstance(self.options, Mapping) and "trusted" in self.options

    def program_uris(self) -> list[str]:
        """The addresses of the open documents and notebooks."""
        return list(dict.fromkeys(document.program_uri for document in self.session.workspace.documents()))

    def publish(self, uri: str) -> None:
        """Send what follows from an analysis: diagnostics, the status, and that the tree may differ.

        A notebook's analysis is shown in its cells, each of which is a document to the client.
        """
        analysis = self.session.engine.analysis(uri)
        shown = dict(diagnose(self.session, self.session.workspace.document_uris(uri)))
        for shown_uri, published in shown.items():
            self.publish_diagnostics(shown_uri, published)
            self.protocol.notify("fxlens/modelChanged", {"uri": shown_uri})
        self.publish_projects()
        if analysis is not None and shown:
            self.refresh_views()
            self.publish_status(analysis)
            self.collector.take(
                state.graph for call in analysis.calls for state in call.models if state.graph is not None
            )

    def note_edit(self, document: Document, changes: Sequence[Change]) -> None:
        """Remember where somebody is typing."""
        for uri in self.session.workspace.document_uris(document.program_uri):
            self.session.typing.pop(uri, None)
        end = end_of_edit(document, changes)
        if end is not None:
            self.session.typing[document.uri] = end

    def caret_at(self, uri: str, position: types.Position | None) -> None:
        """Mark what is wrong with a name that the caret has left; ``None``: the document was saved."""
        document = self.session.workspace.document(uri)
        if document and self.session.caret_at(uri, document.position(position) if position else None):
            self.publish(document.program_uri)

    def publish_projects(self) -> None:
        """What is wrong with ``[tool.fxlens]``, at its line; taken back where it is right again or gone."""
        current = diagnose_projects(self.session)
        for uri in {*current, *self.session.published_projects}:
            diagnostics = current.get(uri, [])
            if diagnostics != self.session.published_projects.get(uri, []):
                self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, diagnostics))
                for diagnostic in diagnostics:
                    self.log(f"{uri}: {diagnostic.message}")
        self.session.published_projects = {uri: each for uri, each in current.items() if each}

    def publish_diagnostics(self, uri: str, published: Published) -> None:
        """Remember what is known of a document, and send it where the client was sent something else."""
        before = self.session.published.get(uri)
        self.session.published[uri] = published
        # VS Code closes an open list of quick fixes when it is sent diagnostics, even the very same.
        if before is None or (before.version, before.diagnostics) != (published.version, published.diagnostics):
            self.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(uri, published.diagnostics, published.version)
            )

    def withdraw(self, uri: str) -> None:
        """Take back what was published of a document that is no more."""
        published = self.session.published.pop(uri, None)
        if published and published.diagnostics:
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    def refresh_views(self) -> None:
        """Have the client ask again for what it shows between and behind the lines: a trace has changed it."""
        if self.shows.refreshes_lenses:
            self.lens_refresher.refresh()
        if self.shows.refreshes_hints:
            self.workspace_inlay_hint_refresh(None)

    async def has_read(self, uri: str) -> None:
        """Wait until the text that the client has is read: a long one is read in a thread."""
        document = self.session.workspace.document(uri)
        if document is not None:
            await self.session.engine.read(document.program_uri)

    def publish_status(self, analysis: FileAnalysis) -> None:
        if analysis.calls or analysis.problem:
            worker = self.session.engine.worker_state(analysis.path)
            for uri in self.session.workspace.document_uris(analysis.uri):
                self.protocol.notify("fxlens/status", status(uri, analysis, worker, self.session.configuration))

    def publish_worker(self, _state: WorkerState) -> None:
        for uri in self.program_uris():
            analysis = self.session.engine.analysis(uri)
            if analysis:
                self.publish_status(analysis)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """A defect of ours goes to the log, with its place; pygls would show a message nobody can do anything about."""
        where = getattr(error, "data", None) or "".join(traceback.format_exception(error))
        self.log(f"internal error ({getattr(source, '__name__', source)}): {where}")

    def log(self, message: str) -> None:
        self.window_log_message(types.LogMessageParams(types.MessageType.Info, message))

    def log_worker(self, message: str) -> None:
        if self.shows.worker_log:
            self.protocol.notify("fxlens/workerLog", {"message": message})
        else:
            self.log(message)


def _converter() -> Any:
    """pygls's converter, but the parameters of our own requests stay plain dictionaries.

    Its default turns them into named tuples, which lose every key that is not an identifier (``unknown-node``), and it
    rejects a message that has no parameters at all, as VS Code sends those of a request that takes none.
    """
    converter: Any = default_converter()  # type: ignore[no-untyped-call]
    for message in (JsonRPCRequestMessage, JsonRPCNotification):
        converter.register_structure_hook(message, lambda data, cls: cls(**{"params": None, **data}))
    return converter


def build_server() -> FxLensServer:
    """A server with all features registered, not yet started."""
    server = FxLensServer()
    _register_lifecycle(server)
    _register_documents(server)
    register_notebooks(server)
    _register_queries(server)
    _register_rename(server)
    _register_views(server)
    _register_tree(server)
    _register_picture(server)
    _register_own_requests(server)
    return server


def _register_lifecycle(server: FxLensServer) -> None:
    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        watch_parent(params.process_id)
        server.start_session(params)

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
        await server.session.engine.shutdown()

    @server.feature(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)
    def cancel_progress(params: types.WorkDoneProgressCancelParams) -> None:
        server.trace_progress.cancel(params.token)

    @server.feature(types.EXIT)
    def leave(_params: Any = None) -> None:
        exit_soon(0)


def _register_documents(server: FxLensServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: types.DidOpenTextDocumentParams) -> None:
        opened = params.text_document
        path = to_fs_path(opened.uri) or opened.uri
        server.session.engine.open(opened.uri, path, opened.text, opened.version)

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
        server.session.engine.close(uri)
        server.publisher.forget(uri)
        server.withdraw(uri)
        server.workspace_check.closed(uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def did_save(params: types.DidSaveTextDocumentParams) -> None:
        server.caret_at(params.text_document.uri, None)
        path = to_fs_path(params.text_document.uri)
        if path:
            server.session.engine.file_changed(path)
            server.workspace_check.soon()

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def did_change_watched(params: types.DidChangeWatchedFilesParams) -> None:
        for change in params.changes:
            path = to_fs_path(change.uri)
            if path:
                server.session.engine.file_changed(path)
        server.workspace_check.soon()


def _register_queries(server: FxLensServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(TRIGGERS, resolve_provider=True))
    async def completion(params: types.CompletionParams) -> types.CompletionList | None:
        await server.has_read(params.text_document.uri)
        return complete(server.session, params.text_document.uri, params.position, server.shows)

    @server.feature(types.COMPLETION_ITEM_RESOLVE)
    def resolve_completion(item: types.CompletionItem) -> types.CompletionItem:
        return resolve(server.session, item, server.shows)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def show_hover(params: types.HoverParams) -> types.Hover | None:
        return hover(server.session, params.text_document.uri, params.position, server.shows)

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    def go_to_definition(params: types.DefinitionParams) -> list[types.LocationLink] | list[types.Location]:
        links = definition(server.session, params.text_document.uri, params.position)
        if server.shows.links:
            return links
        return [types.Location(link.target_uri, link.target_selection_range) for link in links]

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=KINDS))
    def code_action(params: types.CodeActionParams) -> list[types.CodeAction]:
        if params.range.start == params.range.end:
            server.caret_at(params.text_document.uri, params.range.start)
        uri, only = params.text_document.uri, params.context.only
        return code_actions(server.session, uri, params.range, only, snippets=server.shows.inserts_snippets)


def _register_rename(server: FxLensServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    def prepare(params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder | None:
        try:
            return prepare_rename(server.session, params.text_document.uri, params.position)
        except CannotRenameError as error:
            raise JsonRpcException(str(error), types.LSPErrorCodes.RequestFailed) from error

    @server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    def rename_at(params: types.RenameParams) -> types.WorkspaceEdit | None:
        try:
            return rename(server.session, params.text_document.uri, params.position, params.new_name)
        except CannotRenameError as error:
            raise JsonRpcException(str(error), types.LSPErrorCodes.RequestFailed) from error


def _register_views(server: FxLensServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_CODE_LENS)
    def code_lens(params: types.CodeLensParams) -> list[types.CodeLens]:
        return code_lenses(server.session, params.text_document.uri, server.shows.commands)

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def outline(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol] | list[types.SymbolInformation]:
        symbols = document_symbols(server.session, params.text_document.uri)
        return symbols if server.shows.outline else flat(symbols, params.text_document.uri)

    @server.feature(types.WORKSPACE_SYMBOL)
    def find_symbols(params: types.WorkspaceSymbolParams) -> list[types.SymbolInformation]:
        return workspace_symbols(server.session, params.query)

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    def inlay_hint(params: types.InlayHintParams) -> list[types.InlayHint]:
        return inlay_hints(server.session, params.text_document.uri, params.range)

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
    def highlight(params: types.DocumentHighlightParams) -> list[types.DocumentHighlight]:
        server.caret_at(params.text_document.uri, params.position)
        return highlights(server.session, params.text_document.uri, params.position)

    @server.feature(types.TEXT_DOCUMENT_REFERENCES)
    async def find_references(params: types.ReferenceParams) -> list[types.Location]:
        notebooks = server.shows.closed_notebooks
        return await references(server.session, params.text_document.uri, params.position, notebooks=notebooks)


def _register_own_requests(server: FxLensServer) -> None:
    @server.feature("fxlens/configure")
    def configure(params: Any) -> None:
        configuration = read_configuration(params, [])
        if configuration != server.session.configuration:
            server.configure(configuration)

    @server.feature("fxlens/restart")
    async def restart(_params: Any = None) -> None:
        await server.session.engine.restart()

    @server.feature("fxlens/checkWorkspace")
    async def check_workspace(_params: Any = None) -> dict[str, int]:
        """Problems of files that are not open; a client ends it by cancelling the request."""

        def tell(done: int, total: int, file: str) -> None:
            server.protocol.notify("fxlens/checkProgress", {"done": done, "total": total, "file": file})

        files, problems = await server.workspace_check.run(tell)
        return {"files": files, "problems": problems}

    @server.feature("fxlens/settled")
    async def settled(params: Any) -> None:
        """Answers when nothing is pending for a document: for scripts and tests, which must not poll."""
        document = server.session.workspace.document(_uri(params))
        uri = document.program_uri if document else _uri(params)
        await server.session.engine.settled(uri)
        server.publisher.flush(uri)

    @server.feature("fxlens/debugInformation")
    def show_debug(_params: Any = None) -> str:
        return debug_information(server.session)


def _register_tree(server: FxLensServer) -> None:
    @server.feature("fxlens/tree")
    def show_tree(params: Any) -> dict[str, Any]:
        return tree(server.session, _uri(params), _position(params), Asked.of(params))

    @server.feature("fxlens/treeChildren")
    def show_children(params: Any) -> list[dict[str, Any]]:
        return tree_children(server.session, _uri(params), _position(params), params["id"], Asked.of(params))

    @server.feature("fxlens/treePath")
    def show_path(params: Any) -> list[dict[str, Any]]:
        return tree_path(server.session, _uri(params), _position(params), params["path"], Asked.of(params))

    @server.feature("fxlens/treeSource")
    def show_source(params: Any) -> dict[str, Any] | None:
        return tree_source(server.session, _uri(params), _position(params), params["path"], Asked.of(params))

    @server.feature("fxlens/treeModels")
    def show_models(params: Any) -> list[dict[str, Any]]:
        return tree_models(server.session, _uri(params))

    @server.feature("fxlens/toggleQuery")
    def toggle_query(params: Any) -> dict[str, Any]:
        asked = bool(params["asked"])
        view = Asked.of(params)
        return toggle(server.session, _uri(params), _position(params), params["path"], view, asked=asked)


def _register_picture(server: FxLensServer) -> None:
    @server.feature("fxlens/graph")
    def show_graph(params: Any) -> Graph:
        return graph_view(server.session, _uri(params), _position(params), params)

    @server.feature("fxlens/graphLevels")
    def show_levels(params: Any) -> GraphLevels:
        return graph_levels(server.session, _uri(params), _position(params), params)

    @server.feature("fxlens/graphNode")
    def show_node(params: Any) -> GraphNodeDetails | None:
        return graph_node(server.session, _uri(params), _position(params), params)

    @server.feature("fxlens/graphFind")
    def find_nodes(params: Any) -> GraphFound:
        return graph_find(server.session, _uri(params), _position(params), params)


def _roots(params: types.InitializeParams) -> list[str]:
    """The client's folders; an older client has one root, as an address or as a path."""
    if params.workspace_folders:
        uris = [folder.uri for folder in params.workspace_folders]
    else:
        uris = [params.root_uri] if params.root_uri else []
    paths = [path for uri in uris if (path := to_fs_path(uri))]
    return paths or ([params.root_path] if params.root_path else [])


def _uri(params: Any) -> str:
    try:
        return str(params["textDocument"]["uri"])
    except (TypeError, LookupError) as error:
        raise JsonRpcInvalidParams("textDocument.uri is missing") from error


def _position(params: Any) -> types.Position | None:
    position = params.get("position")
    try:
        return types.Position(position["line"], position["character"]) if position else None
    except (TypeError, LookupError) as error:
        raise JsonRpcInvalidParams("position is not a line and a character") from error


def serve() -> None:
    """Run the server over stdio until the client ends it."""
    use_utf8()
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # pygls logs every message body at INFO.
    logging.getLogger("pygls").setLevel(logging.WARNING)
    build_server().start_io(cast("BinaryIO", Headers(sys.stdin.buffer)))
