"""The connection to one client: its session, and what is sent to it without being requested."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import JsonRPCNotification, JsonRPCRequestMessage, default_converter
from pygls.uris import to_fs_path

from fxlens import __version__
from fxlens.engine.analysis import FileAnalysis, WorkerState
from fxlens.engine.engine import Engine
from fxlens.lsp.client import ClientShows
from fxlens.lsp.configuration import Configuration, read_configuration
from fxlens.lsp.diagnostics import diagnose, diagnose_projects
from fxlens.lsp.documents import Document, DocumentWorkspace
from fxlens.lsp.file_news import DiskLooks
from fxlens.lsp.garbage import Collector
from fxlens.lsp.notebooks import NOTEBOOK_SYNC
from fxlens.lsp.progress import TraceProgress
from fxlens.lsp.protocol import Protocol
from fxlens.lsp.publishing import Publisher
from fxlens.lsp.refreshing import LensRefresher
from fxlens.lsp.session import Published, Session
from fxlens.lsp.status import status
from fxlens.lsp.typing_place import Change, end_of_edit
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
    disk_looks: DiskLooks
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
        self.exit_status = 0

    def start_session(self, params: types.InitializeParams) -> None:
        self.roots = _roots(params)
        self.options = params.initialization_options
        configuration = read_configuration(self.options, self.roots)
        self.shows = ClientShows.of(params.capabilities, params.initialization_options)
        self.publisher = Publisher(self.publish)
        self.collector = Collector()
        self.workspace_check = WorkspaceCheck(self)
        self.disk_looks = DiskLooks(self.look_again)
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
        """Read again what an editor other than our own client has set: it sends no configuration of ours."""
        if isinstance(settings, Mapping):
            self.options = settings
        configuration = read_configuration(self.options, self.roots)
        if configuration != self.session.configuration:
            self.configure(configuration)

    @property
    def sends_configuration(self) -> bool:
        """Whether the client is our own, which sends trust and interpreters whenever they change."""
        return isinstance(self.options, Mapping) and "trusted" in self.options

    @property
    def must_look(self) -> bool:
        """Whether nobody tells which files change on disk."""
        return not (self.sends_configuration or self.shows.registers_watchers)

    async def look_again(self) -> None:
        try:
            await self.session.engine.look_again()
        except Exception as error:
            self.report_server_error(error, self.look_again)

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
        """Remember where the user is typing."""
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
        """Take back what was published of a document that has gone."""
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
        """A defect of ours goes to the log, with its place; pygls would show a message nobody can do anything about.

        What a request cannot do, it says in its answer: that is not a defect.
        """
        if isinstance(error.__cause__, JsonRpcException):
            return
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


def _roots(params: types.InitializeParams) -> list[str]:
    """The client's folders; an older client has one root, as an address or as a path."""
    if params.workspace_folders:
        uris = [folder.uri for folder in params.workspace_folders]
    else:
        uris = [params.root_uri] if params.root_uri else []
    paths = [path for uri in uris if (path := to_fs_path(uri))]
    return paths or ([params.root_path] if params.root_path else [])
