"""The engine: open documents in, analyses out.

Everything here runs on one event loop and never blocks it: finding calls takes milliseconds, and all that takes longer
happens in worker processes. A result is shown only if the slice it was made for still says the same.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Callable

from fxlens.engine.analysis import CallAnalysis, FileAnalysis, WorkerState
from fxlens.engine.cache import TraceKey
from fxlens.engine.document_reader import DocumentReader
from fxlens.engine.documents import Document
from fxlens.engine.jobs import Jobs
from fxlens.engine.models import ModelFactory, is_stopped
from fxlens.engine.neighbours import Neighbours
from fxlens.engine.project_settings import FILE as PROJECT_FILE
from fxlens.engine.project_settings import ProjectSettings
from fxlens.engine.quiet_files import QuietFiles
from fxlens.engine.settings import EngineSettings
from fxlens.engine.traces import Progress, Traces
from fxlens.source.model import ExtractionCall
from fxlens.source.text.notebooks import Program

DEBOUNCE_SECONDS = 0.15
"""How long an edit waits for the next one if it came before the answer to the last: the user is typing.

Others wait for nothing: an undo, a paste, an accepted completion is answered at once.
"""


class Engine:
    """Documents × workers × cache.

    ``on_analysis`` is called with every new analysis of an open document, ``on_worker`` with every new state of a
    worker, ``on_log`` with lines for the log, ``on_phase`` (optional) with the progress of traces. What workers say
    goes to ``on_worker_log``, where there is one.
    All methods must be called from the event loop's thread.
    """

    def __init__(
        self,
        on_analysis: Callable[[FileAnalysis], None],
        on_worker: Callable[[WorkerState], None],
        on_log: Callable[[str], None],
        on_phase: Callable[[Progress], None] | None = None,
        on_worker_log: Callable[[str], None] | None = None,
    ) -> None:
        self._on_analysis = on_analysis
        self._on_worker = on_worker
        self._settings = EngineSettings()
        self._documents: dict[str, Document] = {}
        self._traces = Traces(self._take_worker, on_log, on_phase, on_worker_log)
        self._neighbours = Neighbours(self._read_again, on_log)
        self._reader = DocumentReader(
            self._neighbours, self._set_calls, lambda document: self._jobs.launch_later(document, 0.0), on_log
        )
        self._models = ModelFactory(self._traces, self._neighbours)
        self._jobs = Jobs(self._documents, self._traces, self._publish, on_log)
        self._quiet = QuietFiles(None, "")
        self._restarting = asyncio.Lock()
        self._looks = itertools.count()

    # --- settings ---------------------------------------------------------------------------------------------------

    def configure(self, settings: EngineSettings) -> None:
        """Use ``settings`` from now on; only what differs is started again."""
        if settings == self._settings:
            return
        limit, self._settings = self._settings.limits.document_kb, settings
        self._neighbours.configure(settings.root_settings())
        self._models.configure(settings)
        self._quiet = QuietFiles(settings.cache_folder, repr(settings.root_settings()))
        self._traces.configure(settings)
        for document in self._documents.values():
            if limit != settings.limits.document_kb and document.shown:
                text, version = document.newest or (document.text, document.version)
                self._reader.take(document, text, version, settings.limits.document_kb)
            self._refresh(document, retry_blocked=True)
            self._jobs.launch_later(document, 0.0)

    def project(self, path: str) -> ProjectSettings:
        """What ``[tool.fxlens]`` of ``pyproject.toml`` says for the file ``path``."""
        return self._models.project(path)

    def projects(self) -> list[ProjectSettings]:
        """All tables that count for a file that was asked for."""
        return self._models.projects()

    def interpreter_of(self, path: str) -> tuple[str | None, str]:
        """The interpreter for ``path`` and why it is that one; without one, why there is none."""
        return self._models.interpreter_of(path)

    def is_quiet(self, path: str, text: str) -> bool:
        """Whether an earlier run, or this one, found no call in the file, and nothing that decides that has changed."""
        return self._quiet.has(path, text, self._neighbours.passing())

    def note_quiet(self, uri: str) -> None:
        """Remember of an open document without calls that it has none."""
        document = self._documents.get(uri)
        questions = self._neighbours.questions(document.path) if document and not document.calls else None
        if document and questions is not None and document.problem is None and document.newest is None:
            self._quiet.put(document.path, document.text, questions, self._neighbours.passing())

    # --- documents --------------------------------------------------------------------------------------------------

    def open(self, uri: str, path: str, text: str, version: int | None) -> None:
        """A document was opened: find its calls now, trace their models soon."""
        self.close(uri)  # A client that opens it twice.
        document = Document(uri, path)
        self._documents[uri] = document
        self._reader.take(document, text, version, self._settings.limits.document_kb)
        self._jobs.launch_later(document, 0.0)

    def change(self, uri: str, text: str, version: int | None) -> None:
        """A document has a new text; what is unknown of it is traced when typing pauses."""
        document = self._documents.get(uri)
        if document is None:
            return
        typing = document.pending
        self._reader.take(document, text, version, self._settings.limits.document_kb)
        self._jobs.launch_later(document, DEBOUNCE_SECONDS if typing else 0.0)

    def close(self, uri: str) -> None:
        document = self._documents.pop(uri, None)
        if document is None:
            return
        if document.debounce:
            document.debounce.cancel()
        self._neighbours.close(document.path)
        self._reader.close(document)
        self._jobs.drop_unwanted()

    def analysis(self, uri: str) -> FileAnalysis | None:
        """The latest analysis of an open document; its positions belong to the latest text."""
        document = self._documents.get(uri)
        return document.analysis() if document else None

    def file_changed(self, path: str) -> None:
        """A file on disk changed: trace again what was made from it, and what failed and may now work."""
        self._traces.digests.forget(path)
        self._neighbours.file_changed(path)
        if os.path.basename(path) == PROJECT_FILE:  # noqa: PTH119  (A path may be an address.)
            self._models.forget_projects()
            for document in self._documents.values():
                self._refresh(document, retry_blocked=False)
                self._jobs.launch_later(document, 0.0)
        for document in self._documents.values():
            touched = [model for model in document.models() if self._models.concerns(model, path)]
            for model in touched:
                model.outdate()
            if touched:
                self._publish(document)
                self._jobs.launch_later(document, 0.0)

    async def look_again(self) -> None:
        """Find out which files have changed on disk, for clients that do not tell, and take these up."""
        changed = await self._neighbours.changed_on_disk()
        digests = self._traces.digests
        read = [file for document in self._documents.values() for model in document.models() for file in model.files]
        changed |= {file.path for file in read if digests.of(file.path) != file.digest}
        for path in sorted({*changed, *self._models.outdated_projects()}):
            self.file_changed(path)

    def _take_worker(self, state: WorkerState) -> None:
        """A worker that runs again takes up what was told that nothing can run."""
        self._on_worker(state)
        if state.status == "ready":
            for document in self._documents.values():
                blocked = [model for model in document.models() if is_stopped(model, state.interpreter)]
                for model in blocked:
                    model.outdate()
                if blocked:
                    self._jobs.launch_later(document, 0.0)

    def files_mentioning(self, word: str) -> list[str]:
        """The files of the workspace, as far as it has been read, that hold a word and are not open."""
        return self._neighbours.mentioning(word)

    def folder_of(self, path: str) -> str | None:
        """The workspace folder that a file lies in."""
        folder = self._settings.folder_of(path)
        return folder.path if folder is not None else None

    def folders_with(self, name: str, importer: str) -> list[str]:
        """The folders of the workspace that hold a module ``name``, and that ``importer`` does not import from."""
        return self._neighbours.folders_with(name, importer) if self._settings.trusted else []

    def notebooks(self) -> dict[str, Program]:
        """The programs of the workspace's notebooks as they are on disk, by their paths: failures may stand in them."""
        return self._neighbours.notebooks()

    async def calls_in(self, path: str, text: str | None = None) -> FileAnalysis | None:
        """The calls of a file that is not open, without their models: nothing of it runs.

        ``text`` is that of a notebook; of a Python file it is known.
        """
        answer = self._neighbours.unopened(path) if text is None else (text, self._neighbours.passing())
        if answer is None:
            return None
        calls = await self._reader.calls_of_closed(path, *answer)
        return FileAnalysis(f"unopened:{path}", path, None, answer[0], tuple(map(CallAnalysis, calls)))

    async def look_into(
        self, path: str, wanted: Callable[[ExtractionCall], bool], text: str | None = None
    ) -> FileAnalysis | None:
        """The analysis of a file that is not open, with the calls that are ``wanted`` only.

        ``text`` is that of a notebook; of a Python file it is known.
        Their models are traced where they are not known; to give up early, cancel. Nothing is published.
        """
        answer = self._neighbours.unopened(path) if text is None else (text, self._neighbours.passing())
        if answer is None:
            return None
        text, reading = answer
        # A separate address: somebody may open the file, or look into it too, meanwhile.
        document = Document(f"unopened:{next(self._looks)}:{path}", path, shown=False)
        document.text = text
        calls = await self._reader.calls_of_closed(path, text, reading)
        self._documents[document.uri] = document
        try:
            self._set_calls(document, tuple(filter(wanted, calls)))
            self._jobs.launch_later(document, 0.0)
            await self.settled(document.uri)
            return document.analysis()
        finally:
            if document.debounce:
                document.debounce.cancel()
            self._documents.pop(document.uri, None)
            self._jobs.drop_unwanted()

    async def read(self, uri: str) -> None:
        """Return when the latest text of a document has been read; at once if it has, or is not open."""
        document = self._documents.get(uri)
        if document:
            await self._reader.read(document)

    def _read_again(self, path: str) -> None:
        """Find the calls of an open document again, after a change in files around it."""
        for document in self._documents.values():
            calls = self._reader.calls_now(document) if document.path == path else None
            if calls is None:
                continue
            if calls != tuple(call.call for call in document.calls) or self._models.has_moved(document):
                self._set_calls(document, calls)
                self._jobs.launch_later(document, 0.0)

    def _set_calls(self, document: Document, calls: tuple[ExtractionCall, ...]) -> None:
        document.calls = self._models.calls(document, calls)
        self._jobs.drop_unwanted()
        self._publish(document)

    def _refresh(self, document: Document, retry_blocked: bool) -> None:
        """Build the models again for the same text, after a change of settings."""
        texts_calls = [call.call for call in document.calls]
        document.calls = self._models.calls(document, texts_calls, retry_blocked=retry_blocked)
        self._jobs.drop_unwanted()
        self._publish(document)

    def _publish(self, document: Document) -> None:
        try:
            if document.shown:
                self._on_analysis(document.analysis())
        finally:
            document.resolve_waiters()

    def cancel(self, key: TraceKey) -> None:
        """Give a running trace up because the user wants so; saving the file, an edit or a restart tries again."""
        self._jobs.cancel(key)

    # --- life ----------------------------------------------------------------------------------------------------

    def worker_state(self, path: str) -> WorkerState:
        """The state of the worker that ``path`` would be traced by."""
        return self._models.worker_state(path)

    def worker_pids(self) -> list[int]:
        """The process ids of the running workers, for logs and tests."""
        return self._traces.worker_pids()

    async def restart(self) -> None:
        """Stop all workers, forget all results and failures, and trace the open documents again."""
        async with self._restarting:
            try:
                await self._stop_work()
            finally:  # A client that cancels its request must not leave documents without jobs.
                self._begin_anew()

    def _begin_anew(self) -> None:
        self._traces.forget({model.key for document in self._documents.values() for model in document.models()})
        for document in self._documents.values():
            for model in document.models():
                model.outdate()
            self._refresh(document, retry_blocked=True)
            self._jobs.launch_later(document, 0.0)

    async def indexed(self) -> None:
        """Return when the workspace folders have been read, so that calls across files are found."""
        await self._neighbours.indexed()

    async def settled(self, uri: str) -> None:
        """Return when nothing is pending for the document (at once if it is not open)."""
        document = self._documents.get(uri)
        if document and document.pending:
            waiter = asyncio.get_running_loop().create_future()
            document.waiters.append(waiter)
            await waiter

    async def close_all(self) -> None:
        """Close every document; workers stay until they have rested or the engine is shut down."""
        for uri in list(self._documents):
            self.close(uri)

    async def shutdown(self) -> None:
        """Close everything and end every process."""
        await self.close_all()
        self._reader.stop()
        self._quiet.save()
        await self._neighbours.stop()
        await self._stop_work()

    async def _stop_work(self) -> None:
        await self._jobs.stop()
        await self._traces.stop()
