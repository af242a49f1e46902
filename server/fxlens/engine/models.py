"""The models of a document's calls: which request each makes, of which interpreter, and what of them is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fxlens.engine.analysis import ModelState, ModelStatus, WorkerState
from fxlens.engine.cache import TraceKey, key_of
from fxlens.engine.documents import Call, Document, Model, arguments_of, statements_of
from fxlens.engine.inputs import stated_inputs
from fxlens.engine.neighbours import Neighbours
from fxlens.engine.project_settings import ProjectFinder, ProjectSettings
from fxlens.engine.settings import EngineSettings
from fxlens.engine.traces import Traces
from fxlens.graph import Failure
from fxlens.source.model import ExtractionCall, Slice
from fxlens.worker.messages import Expression, TraceRequest

NOT_TRUSTED = Failure(
    "start",
    "untrusted",
    "This workspace is not trusted, so no code of it is run and its models are unknown.",
    "Trust the workspace to have node names completed and checked.",
)
NO_INTERPRETER = Failure("start", "interpreter", "No Python interpreter was found.", "Choose one with torch installed.")


class ModelFactory:
    """Makes the models of calls by the settings, and tells when one has to be made again."""

    def __init__(self, traces: Traces, neighbours: Neighbours) -> None:
        self._traces = traces
        self._neighbours = neighbours
        self._settings = EngineSettings()
        self._projects = ProjectFinder(self._settings.root_settings().folder_of)

    def configure(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._projects = ProjectFinder(settings.root_settings().folder_of)

    def project(self, path: str) -> ProjectSettings:
        return self._projects.of(path)

    def projects(self) -> list[ProjectSettings]:
        return self._projects.read()

    def forget_projects(self) -> None:
        """A file with project settings has changed."""
        self._projects.forget()

    def outdated_projects(self) -> list[str]:
        """The files with project settings that have changed since they were read."""
        return self._projects.outdated()

    def interpreter_of(self, path: str) -> tuple[str | None, str]:
        return self._settings.interpreter_of(path, self.project(path))

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

    def calls(self, document: Document, calls: Sequence[ExtractionCall], *, retry_blocked: bool = False) -> list[Call]:
        """``calls`` with their models; what the document knows of the same models is kept.

        Nothing is kept of those that are blocked or have failed if ``retry_blocked``.
        """
        earlier = {
            model.key: model
            for model in document.models()
            if not (retry_blocked and model.state.status in ("blocked", "failed"))
        }
        return [
            Call(call, [self._model(document, earlier, call, at, branch) for branch in range(len(call.slices))])
            for at, call in enumerate(calls)
        ]

    def _model(
        self, document: Document, earlier: dict[TraceKey, Model], call: ExtractionCall, at: int, branch: int
    ) -> Model:
        slice_ = call.slices[branch]
        request = self._request(document, call, slice_)
        interpreter, reason = self.interpreter_of(document.path)
        key = key_of(interpreter or "", request)
        blocked = self._why_blocked(interpreter, reason)
        if blocked is None and key in earlier and not self._outlived(earlier[key]):
            return earlier[key].moved_to(slice_, request)
        before = document.last_good(call, at, slice_, branch)
        graph = before.graph if before else None
        status: ModelStatus = "blocked" if blocked else "waiting"
        previous = before.previous if before else ()
        state = ModelState(slice_, status, graph, graph is not None, blocked, previous)
        model = Model(key, request, state)
        if blocked is None and (traced := self._traces.cached(key)):
            model.take(traced)
        return model

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

    def _why_blocked(self, interpreter: str | None, reason: str) -> Failure | None:
        if not self._settings.trusted:
            return NOT_TRUSTED
        if interpreter is None:
            return replace(NO_INTERPRETER, message=reason) if reason else NO_INTERPRETER
        return None

    def _outlived(self, model: Model) -> bool:
        """Whether the reason why nothing ran for ``model`` may be gone."""
        if is_stopped(model, model.key.interpreter):
            return self._traces.may_retry(model.key.interpreter)
        return model.state.failure in (NOT_TRUSTED, NO_INTERPRETER)

    def has_moved(self, document: Document) -> bool:
        """Whether a model of the document would be looked for in other folders now."""
        return any(
            model.request != self._request(document, call.call, model.state.slice)
            for call in document.calls
            for model in call.models
        )

    def concerns(self, model: Model, path: str) -> bool:
        """Whether ``model`` may be another one now that the file ``path`` has changed."""
        if is_stopped(model, model.key.interpreter):
            return self._traces.may_retry(model.key.interpreter)
        if model.state.status == "failed":
            return path.endswith(".py") or any(file.path == path for file in model.files)
        return model.state.status == "ready" and any(
            file.path == path and self._traces.digests.of(path) != file.digest for file in model.files
        )


def is_stopped(model: Model, interpreter: str | None) -> bool:
    """Whether ``model`` was told that nothing can run in its interpreter, and that is ``interpreter``."""
    failure = model.state.failure
    return failure is not None and failure.kind == "blocked" and model.key.interpreter == interpreter
