"""The traces under way: begun when typing pauses, shared by the models that wait for the same, ended with the last."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from fxlens.engine.cache import Traced, TraceKey
from fxlens.engine.documents import Document, Model
from fxlens.engine.traces import Job, Traces, Watcher
from fxlens.engine.workers import BlockedError
from fxlens.graph import Failure

CANCELLED = Failure("start", "cancelled", "Reading the model was cancelled.", "Save the file to read it again.")


class Jobs:
    """The jobs of the models of ``documents``; ``publish`` is called with each document that one has changed."""

    def __init__(
        self,
        documents: Mapping[str, Document],
        traces: Traces,
        publish: Callable[[Document], None],
        on_log: Callable[[str], None],
    ) -> None:
        self._documents = documents
        self._traces = traces
        self._publish = publish
        self._on_log = on_log
        self._jobs: dict[TraceKey, Job] = {}

    def launch_later(self, document: Document, seconds: float) -> None:
        """Begin what the document waits for, unless this is called again for it within ``seconds``."""
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
                self._jobs[job.key] = job
                job.task = asyncio.create_task(self._work(job))

    def _wanting(self, key: TraceKey) -> Iterator[tuple[Document, Model]]:
        for document in self._documents.values():
            for model in document.models():
                if model.key == key and model.pending:
                    yield document, model

    def drop_unwanted(self) -> None:
        """Cancel the jobs that no model waits for any more."""
        for key, job in list(self._jobs.items()):
            if not any(self._wanting(key)):
                del self._jobs[key]
                if job.task:
                    job.task.cancel()

    def cancel(self, key: TraceKey) -> None:
        """Give a running trace up because the user wants so; saving the file, an edit or a restart tries again."""
        job = self._jobs.get(key)
        if job is None:
            return
        if job.task:
            job.task.cancel()
        self._finish(job, _give_up)

    async def stop(self) -> None:
        """Cancel all; return when they have ended."""
        jobs, self._jobs = list(self._jobs.values()), {}
        tasks = [job.task for job in jobs if job.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, job: Job) -> None:
        try:
            traced = await self._traces.find(
                job, Watcher(lambda: self._begin(job), lambda names: self._show(job, names))
            )
        except BlockedError as error:
            failure = error.failure
            self._finish(job, lambda model: _block(model, failure))
        except asyncio.CancelledError:
            if self._jobs.get(job.key) is job:  # Nobody gave it up: its models must not wait for it forever.
                self._finish(job, _give_up)
            raise
        except Exception as error:
            failure = self._defect(job, error)
            self._finish(job, lambda model: _block(model, failure))
        else:
            self._finish(job, lambda model: model.take(traced))

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
                _block(model, self._defect(job, error))
            touched.append(document)
        self._publish_all(touched)

    def _defect(self, job: Job, error: Exception) -> Failure:
        """A defect of ours, for the log and for the user."""
        self._on_log(f"internal error while tracing {job.request.model.text!r}: {error!r}")
        return Failure("start", type(error).__name__, f"FX Lens failed: {error}", "Please report this.")

    def _publish_all(self, documents: Iterable[Document]) -> None:
        for document in dict.fromkeys(documents):
            try:
                self._publish(document)
            except Exception as error:  # A defect of ours in showing one document must not silence the others.
                self._on_log(f"internal error while showing {document.path}: {error!r}")


def _give_up(model: Model) -> None:
    if model.state.current_graph:
        model.state = replace(model.state, status="ready")  # Only shapes were missing.
    else:
        model.state = replace(model.state, status="failed", failure=CANCELLED, stale=model.state.graph is not None)


def _block(model: Model, failure: Failure) -> None:
    model.state = replace(model.state, status="blocked", failure=failure, stale=model.state.graph is not None)
