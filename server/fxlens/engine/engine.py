"""The engine: open documents in, analyses out.

Everything here runs on one event loop and never blocks it: finding calls takes milliseconds, and all that takes longer
happens in worker processes. A result is shown only if the slice it was made for still says the same.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import replace

from fxlens.engine.analysis import FileAnalysis, ModelState, ModelStatus, WorkerState
from fxlens.engine.cache import Traced, TraceKey, key_of
from fxlens.engine.documents import Call, Document, Model, arguments_of, statements_of
from fxlens.engine.inputs import stated_inputs
from fxlens.engine.neighbours import Neighbours
from fxlens.engine.project_settings import FILE as PROJECT_FILE
from fxlens.engine.project_settings import ProjectFinder, ProjectSettings
from fxlens.engine.quiet_files import QuietFiles
from fxlens.engine.reading import Reader, too_large
from fxlens.engine.settings import EngineSettings
from fxlens.engine.tasks import Tasks
from fxlens.engine.traces import Job, Progress, Traces, Watcher
from fxlens.engine.workers import BlockedError
from fxlens.graph import Failure
from fxlens.source import find_calls
from fxlens.source.model import ExtractionCall, Slice
from fxlens.source.text.notebooks import Program
from fxlens.worker.messages import Expression, TraceRequest

DEBOUNCE_SECONDS = 0.15
"""How long an edit waits for the next one if it came before the answer to the last: somebody is typing."""
FIRST_SECONDS = 0.02
"""How long it waits otherwise: an undo, a paste, an accepted completion is answered at once."""
NOT_TRUSTED = Failure(
    "start",
    "untrusted",
    "This workspace is not trusted, so no code of it is run and its models are unknown.",
    "Trust the workspace to have node names completed and checked.",
)
CANCELLED = Failure("start", "cancelled", "Reading the model was cancelled.", "Save the file to have it read again.")
NO_INTERPRETER = Failure("start", "interpreter", "No Python interpreter was found.", "Choose one with torch installed.")


def _is_stopped(model: Model, interpreter: str | None) -> bool:
    """Whether ``model`` was told that nothing can run in its interpreter, and that is ``interpreter``."""
    failure = model.state.failure
    return failure is not None and failure.kind == "blocked" and model.key.interpreter == interpreter


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
        self._on_log = on_log
        self._settings = EngineSettings()
        self._projects = ProjectFinder(self._settings.root_settings().folder_of)
        self._documents: dict[str, Document] = {}
        self._jobs: dict[TraceKey, Job] = {}
        self._traces = Traces(self._take_worker, on_log, on_phase, on_worker_log)
        self._neighbours = Neighbours(self._read_again, on_log)
        self._reader = Reader(self._neighbours)
        self._quiet = QuietFiles(None, "")
        self._tasks = Tasks(on_log)
        self._restarting = asyncio.Lock()
        self._looks = itertools.count()

    # --- settings ---------------------------------------------------------------------------------------------------

    def configure(self, settings: EngineSettings) -> None:
        """Use ``settings`` from now on; only what differs is started again."""
        if settings == self._settings:
            return
        limit, self._settings = self._settings.limits.document_kb, settings
        self._neighbours.configure(settings.root_settings())
        self._projects = ProjectFinder(settings.root_settings().folder_of)
        self._quiet = QuietFiles(settings.cache_folder, repr(settings.root_settings()))
        self._traces.configure(settings)
        for document in self._documents.values():
            if limit != settings.limits.document_kb and document.shown:
                text, version = document.newest or (document.text, document.version)
                self._set_text(document, text, version)
            self._refresh(document, retry_blocked=True)
            self._launch_later(document, 0.0)

    def project(self, path: str) -> ProjectSettings:
        """What ``[tool.fxlens]`` of ``pyproject.toml`` says for the file ``path``."""
        return self._projects.of(path)

    def projects(self) -> list[ProjectSettings]:
        """All tables that count for a file that was asked for."""
        return self._projects.read()

    def interpreter_of(self, path: str) -> tuple[str | None, str]:
        """The interpreter for ``path`` and why it is that one; without one, why there is none."""
        return self._settings.interpreter_of(path, self.project(path))

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
        document = Document(uri, path)
        self._documents[uri] = document
        self._set_text(document, text, version)
        self._launch_later(document, 0.0)

    def change(self, uri: str, text: str, version: int | None) -> None:
        """A document has a new text; what is unknown of it is traced when typing pauses."""
        document = self._documents.get(uri)
        if document is None:
            return
        typing = document.pending
        self._set_text(document, text, version)
        self._launch_later(document, DEBOUNCE_SECONDS if typing else FIRST_SECONDS)

    def close(self, uri: str) -> None:
        document = self._documents.pop(uri, None)
        if document is None:
            return
        if document.debounce:
            document.debounce.cancel()
        self._neighbours.close(document.path)
        document.calls, document.newest = [], None
        if document.reading:
            document.reading.cancel()
        self._reader.forget(document.path)
        document.resolve_readers()
        document.resolve_waiters()
        self._drop_unwanted_jobs()

    def analysis(self, uri: str) -> FileAnalysis | None:
        """The latest analysis of an open document; its positions belong to the latest text."""
        document = self._documents.get(uri)
        return document.analysis() if document else None

    def file_changed(self, path: str) -> None:
        """A file on disk changed: trace again what was made from it, and what failed and may now work."""
        self._traces.digests.forget(path)
        self._neighbours.file_changed(path)
        if os.path.basename(path) == PROJECT_FILE:  # noqa: PTH119  (A path may be an address.)
            self._projects.forget()
            for document in self._documents.values():
                self._refresh(document, retry_blocked=False)
                self._launch_later(document, 0.0)
        for document in self._documents.values():
            touched = [model for model in document.models() if self._concerned(model, path)]
            for model in touched:
                model.outdate()
            if touched:
                self._publish(document)
                self._launch_later(document, 0.0)

    def _take_worker(self, state: WorkerState) -> None:
        """A worker that runs again takes up what was told that nothing can run."""
        self._on_worker(state)
        if state.status == "ready":
            for document in self._documents.values():
                blocked = [model for model in document.models() if _is_stopped(model, state.interpreter)]
                for model in blocked:
                    model.outdate()
                if blocked:
                    self._launch_later(document, 0.0)

    def _concerned(self, model: Model, path: str) -> bool:
        if _is_stopped(model, model.key.interpreter):
            return self._traces.may_retry(model.key.interpreter)
        if model.state.status == "failed":
            return path.endswith(".py") or any(file.path == path for file in model.files)
        return model.state.status == "ready" and any(
            file.path == path and self._traces.digests.of(path) != file.digest for file in model.files
        )

    def files_mentioning(self, word: str) -> list[str]:
        """The files of the workspace, as far as it has been read, that hold a word and are not open."""
        return self._neighbours.mentioning(word)

    def notebooks(self) -> dict[str, Program]:
        """The programs of the workspace's notebooks as they are on disk, by their paths: failures may stand in them."""
        return self._neighbours.notebooks()

    async def look_into(
        self, path: str, wanted: Callable[[ExtractionCall], bool], text: str | None = None
    ) -> FileAnalysis | None:
        """The analysis of a file that is not open, with the calls that are ``wanted`` only.

        ``text`` is that of a notebook; of a Python file it is known.
        Their models are traced where they are not known; to give up early, cancel. Nothing is published.
        """
        found = self._neighbours.unopened(path) if text is None else (text, self._neighbours.passing())
        if found is None:
            return None
        text, reading = found
        # An address of its own: somebody may open the file, or look into it too, meanwhile.
        document = Document(f"unopened:{next(self._looks)}:{path}", path, shown=False)
        document.text = text
        if not self._reader.at_once(path, text):
            calls = await self._reader.aside(path, text, self._neighbours.snapshot())
        else:
            calls = tuple(find_calls(text, path, reading).calls)
        calls = tuple(call for call in calls if wanted(call))
        self._documents[document.uri] = document
        try:
            self._set_calls(document, calls)
            self._launch_later(document, 0.0)
            await self.settled(document.uri)
            return document.analysis()
        finally:
            if document.debounce:
                document.debounce.cancel()
            self._documents.pop(document.uri, None)
            self._drop_unwanted_jobs()

    def _set_text(self, document: Document, text: str, version: int | None) -> None:
        document.problem = too_large(text, self._settings.limits.document_kb)
        if document.problem is not None:
            document.newest = None
            self._neighbours.close(document.path)
            self._take(document, text, version, ())
        elif document.reading is None and self._reader.at_once(document.path, text):
            self._take(document, text, version, self._read_now(document.path, text))
        else:
            self._read_later(document, text, version)

    def _take(self, document: Document, text: str, version: int | None, calls: tuple[ExtractionCall, ...]) -> None:
        document.text, document.version = text, version
        self._set_calls(document, calls)

    def _read_now(self, path: str, text: str) -> tuple[ExtractionCall, ...]:
        try:
            return self._reader.read(path, text)
        except Exception as error:
            # A defect of ours in reading one file must not take the editor's document out of step with ours.
            self._on_log(f"internal error while reading {path}: {error!r}")
            return ()

    def _read_later(self, document: Document, text: str, version: int | None) -> None:
        document.newest = (text, version)
        if document.reading is None:
            document.reading = self._tasks.run(f"reading {document.path}", self._read_newest(document))

    async def _read_newest(self, document: Document) -> None:
        try:
            while document.newest is not None:
                text, version = document.newest
                try:
                    calls = await self._reader.read_aside(document.path, text)
                except Exception as error:
                    self._on_log(f"internal error while reading {document.path}: {error!r}")
                    calls = ()
                if document.newest is not None and document.newest == (text, version):
                    document.newest = None
                    self._take(document, text, version, calls)
                    self._launch_later(document, 0.0)
        finally:
            document.reading = None
            document.resolve_readers()
            document.resolve_waiters()

    async def read(self, uri: str) -> None:
        """Return when the latest text of a document has been read; at once if it has, or is not open."""
        document = self._documents.get(uri)
        if document and document.newest is not None:
            reader = asyncio.get_running_loop().create_future()
            document.readers.append(reader)
            await reader

    def _read_again(self, path: str) -> None:
        """Find the calls of an open document anew, after a change in files around it."""
        for document in self._documents.values():
            if document.path != path or not document.shown or document.problem:
                continue
            if document.newest is not None:
                continue  # It is being read, and again if something changes under it.
            if not self._reader.at_once(path, document.text):
                self._read_later(document, document.text, document.version)
            else:
                found = self._read_now(path, document.text)
                if found != tuple(one.call for one in document.calls) or self._has_moved(document):
                    self._set_calls(document, found)
                    self._launch_later(document, 0.0)

    def _has_moved(self, document: Document) -> bool:
        """Whether a model of the document would be looked for in other folders now."""
        return any(
            model.request != self._request(document, one.call, model.state.slice)
            for one in document.calls
            for model in one.models
        )

    def _set_calls(self, document: Document, found: tuple[ExtractionCall, ...]) -> None:
        known = {model.key: model for model in document.models()}
        document.calls = [
            Call(call, [self._model(document, known, call, at, branch) for branch in range(len(call.slices))])
            for at, call in enumerate(found)
        ]
        self._drop_unwanted_jobs()
        self._publish(document)

    def _refresh(self, document: Document, retry_blocked: bool) -> None:
        """Build the models anew for the same text, after a change of settings."""
        known = {
            model.key: model
            for model in document.models()
            if not (retry_blocked and model.state.status in ("blocked", "failed"))
        }
        document.calls = [
            Call(one.call, [self._model(document, known, one.call, at, branch) for branch in range(len(one.models))])
            for at, one in enumerate(document.calls)
        ]
        self._drop_unwanted_jobs()
        self._publish(document)

    def _model(
        self, document: Document, known: dict[TraceKey, Model], call: ExtractionCall, at: int, branch: int
    ) -> Model:
        slice_ = call.slices[branch]
        request = self._request(document, call, slice_)
        interpreter, reason = self.interpreter_of(document.path)
        key = key_of(interpreter or "", request)
        blocked = self._why_blocked(interpreter, reason)
        if blocked is None and key in known and not self._outlived(known[key]):
            return known[key].moved_to(slice_, request)
        before = document.last_good(call, at, slice_, branch)
        graph = before.graph if before else None
        status: ModelStatus = "blocked" if blocked else "waiting"
        previous = before.previous if before else ()
        state = ModelState(slice_, status, graph, graph is not None, blocked, previous)
        model = Model(key, request, state)
        if blocked is None and (traced := self._traces.known(key)):
            model.take(traced)
        return model

    def _outlived(self, model: Model) -> bool:
        """Whether the reason why nothing ran for ``model`` may be gone."""
        if _is_stopped(model, model.key.interpreter):
            return self._traces.may_retry(model.key.interpreter)
        return model.state.failure in (NOT_TRUSTED, NO_INTERPRETER)

    def _why_blocked(self, interpreter: str | None, reason: str) -> Failure | None:
        if not self._settings.trusted:
            return NOT_TRUSTED
        if interpreter is None:
            return replace(NO_INTERPRETER, message=reason) if reason else NO_INTERPRETER
        return None

    def _request(self, document: Document, call: ExtractionCall, slice_: Slice) -> TraceRequest:
        folder = self._settings.folder_of(slice_.path)
        lines = document.lines if "fxlens:" in document.text else ()  # splitting costs; most files have no comment
        stated = stated_inputs(
            lines, call.span, self._settings.input_of(folder) or self.project(slice_.path).input or ""
        )
        roots = self._neighbours.import_roots(slice_.path)
        return TraceRequest(
            path=slice_.path,
            statements=statements_of(slice_),
            model=Expression(slice_.line, slice_.model),
            dialect=call.naming,
            arguments={**arguments_of(slice_), **stated},
            import_paths=roots.certain,
            likely_paths=roots.likely,
            imports=slice_.imports,
            folder=folder.path if folder else "",
            limits=self._settings.limits,
        )

    def _publish(self, document: Document) -> None:
        if document.shown:
            self._on_analysis(document.analysis())
        document.resolve_waiters()

    # --- jobs -------------------------------------------------------------------------------------------------------

    def _launch_later(self, document: Document, seconds: float) -> None:
        if document.debounce:
            document.debounce.cancel()
            document.debounce = None
        if document.pending:
            document.debounce = asyncio.get_running_loop().call_later(seconds, self._launch, document)

    def _launch(self, document: Document) -> None:
        document.debounce = None
        for model in document.models():
            if model.state.status == "waiting" and model.key not in self._jobs:
                job = Job(model.key, model.state.slice, model.request)
                job.fresh = self._traces.take_doubt(job.key)
                self._jobs[job.key] = job
                job.task = asyncio.create_task(self._work(job))

    def _wanting(self, key: TraceKey) -> Iterator[tuple[Document, Model]]:
        for document in self._documents.values():
            for model in document.models():
                if model.key == key and model.pending:
                    yield document, model

    def _drop_unwanted_jobs(self) -> None:
        for key, job in list(self._jobs.items()):
            if not any(self._wanting(key)):
                del self._jobs[key]
                if job.task:
                    job.task.cancel()

    async def _work(self, job: Job) -> None:
        try:
            traced = await self._traces.find(
                job, Watcher(lambda: self._begin(job), lambda names: self._show(job, names))
            )
        except BlockedError as error:
            failure = error.failure
            self._finish(job, lambda model: self._block(model, failure))
        except asyncio.CancelledError:
            if self._jobs.get(job.key) is job:
                del self._jobs[job.key]
            raise
        except Exception as error:
            failure = self._defect(job, error)
            self._finish(job, lambda model: self._block(model, failure))
        else:
            self._finish(job, lambda model: model.take(traced))

    def cancel(self, key: TraceKey) -> None:
        """Give a running trace up because the user wants so; saving the file, an edit or a restart tries again."""
        job = self._jobs.get(key)
        if job is None:
            return
        if job.task:
            job.task.cancel()
        self._finish(job, self._give_up)

    @staticmethod
    def _give_up(model: Model) -> None:
        if model.state.current_graph:
            model.state = replace(model.state, status="ready")  # Only shapes were missing.
        else:
            model.state = replace(model.state, status="failed", failure=CANCELLED, stale=model.state.graph is not None)

    def _begin(self, job: Job) -> None:
        touched = []
        for document, model in self._wanting(job.key):
            model.state = replace(model.state, status="tracing")
            touched.append(document)
        self._publish_all(touched)

    def _show(self, job: Job, names: Traced) -> None:
        """Show the names of a trace that takes its time to find shapes."""
        touched = []
        for document, model in self._wanting(job.key):
            model.take_names(names)
            touched.append(document)
        self._publish_all(touched)

    def _finish(self, job: Job, apply: Callable[[Model], None]) -> None:
        if self._jobs.get(job.key) is job:
            del self._jobs[job.key]
        touched = []
        for document, model in list(self._wanting(job.key)):
            try:
                apply(model)
            except Exception as error:
                # Otherwise the model would wait forever, and its document with it.
                self._block(model, self._defect(job, error))
            touched.append(document)
        self._publish_all(touched)

    def _defect(self, job: Job, error: Exception) -> Failure:
        """A defect of ours, for the log and for the user."""
        self._on_log(f"internal error while tracing {job.request.model.text!r}: {error!r}")
        return Failure("start", type(error).__name__, f"FX Lens failed: {error}", "Please report this.")

    @staticmethod
    def _block(model: Model, failure: Failure) -> None:
        model.state = replace(model.state, status="blocked", failure=failure, stale=model.state.graph is not None)

    def _publish_all(self, documents: list[Document]) -> None:
        for document in dict.fromkeys(documents):
            self._publish(document)

    # --- life ----------------------------------------------------------------------------------------------------

    def worker_state(self, path: str) -> WorkerState:
        """The state of the worker that ``path`` would be traced by."""
        interpreter, reason = self.interpreter_of(path)
        if not self._settings.trusted:
            return WorkerState("stopped", NOT_TRUSTED.message, interpreter, reason)
        if interpreter is None:
            text = reason or NO_INTERPRETER.message
            return WorkerState("failed", text, None, reason, problems=(text,))
        return self._traces.worker_state(interpreter) or WorkerState(
            "stopped", "Nothing to trace yet.", interpreter, reason
        )

    def worker_pids(self) -> list[int]:
        """The process ids of the running workers, for logs and tests."""
        return self._traces.worker_pids()

    async def restart(self) -> None:
        """Stop all workers, forget all results and failures, and trace the open documents anew."""
        async with self._restarting:
            await self._stop_work()
            self._traces.forget({model.key for document in self._documents.values() for model in document.models()})
            for document in self._documents.values():
                for model in document.models():
                    model.outdate()
                self._refresh(document, retry_blocked=True)
                self._launch_later(document, 0.0)

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
        jobs, self._jobs = list(self._jobs.values()), {}
        tasks = [job.task for job in jobs if job.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._traces.stop()
