"""What a trace process does: one request, one answer, then it ends without saying goodbye.

It tells the worker which phase it is in and, at the end, its answer, as frames on a private pipe: ``P <phase>``,
``G <answer as JSON>`` as soon as the nodes are known (the answer if finding shapes goes wrong), ``R <answer as JSON>``
at the end, or ``A <JSON>`` for "did not work this way, try that way of building", perhaps after ``B <answer as JSON>``,
which counts if that way works neither. Whatever else arrives on that pipe is what ``faulthandler`` writes when the
process crashes.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, get_args

from torch import nn

from fxlens.graph import DIALECTS, MODES, UNTRACED, BackendChoice, Dialect, Failure, ModelGraph, Phase
from fxlens.json_tables import Json
from fxlens.tracing.describe.description import describe, needs_runs, with_values
from fxlens.tracing.describe.run_graph import ModuleRuns, run_modules
from fxlens.tracing.describe.shapes import Found, StatedInput, find_values
from fxlens.tracing.model_state.snapshot import Snapshot
from fxlens.tracing.record.dialect_settings import trace_settings
from fxlens.tracing.record.modes import trace_modes
from fxlens.worker import building, confinement, guards, neutral
from fxlens.worker.accelerated import names_accelerator
from fxlens.worker.audit import Auditor
from fxlens.worker.devices import DevicesHere
from fxlens.worker.evaluation import Evaluation, arrange_path
from fxlens.worker.failures import ANSWERED, RefusedError, from_exception
from fxlens.worker.installed import library_is_installed
from fxlens.worker.messages import TraceReply, TraceRequest
from fxlens.worker.pipe import frame, to_text, write_all
from fxlens.worker.preimporting import import_installed
from fxlens.worker.preloading import PARTS_OF_TORCH

# Bound before user code could replace them: a process that cannot end would go on as a second worker.
_exit, _close = os._exit, os.close
_modules = sys.modules
_monotonic = time.monotonic
_set_recursion_limit, _set_trace, _set_profile = sys.setrecursionlimit, sys.settrace, sys.setprofile
RECURSION_LIMIT = sys.getrecursionlimit()

TEMPORARY_FOLDERS = ("TMPDIR", "TEMP", "TMP", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR")
"""Variables for folders that libraries make and write on their own: all lead to the scratch folder."""
NOT_THE_WAYS_FAULT = (ImportError, SyntaxError, RefusedError, MemoryError, RecursionError)
"""Errors in building that no other way of building would avoid."""
DEMANDS = (AssertionError, LookupError, OSError)
"""Errors by which code says what it needs; others may be the fault of tensors without values."""


def run(
    request: TraceRequest, way: int, results: int, scratch: str, on_confined: Callable[[], None] = lambda: None
) -> None:
    """Evaluate and trace, answer on ``results``. Does not return: the process ends here, threads or not.

    ``on_confined`` is called before user code runs: for threads, which must not exist before.
    """
    faulthandler.enable(results, all_threads=False)
    process = _Process(request, way, results, scratch, on_confined)
    try:
        kind, answer = process.answer()
        process.tell_parts()
    except BaseException as error:  # a KeyboardInterrupt that arrives late must still be answered
        kind, answer = "R", TraceReply(None, from_exception(error, process.phase)).to_json()
    _end_output(sys.stdout, 1)
    _end_output(sys.stderr, 2)
    with contextlib.suppress(OSError):  # The code has closed our end of the pipe: the exit status says so.
        _send(results, kind, answer)
    _exit(ANSWERED)


def _take_over() -> None:
    """From here on our own code runs: the tracing functions and the limit that user code set do not hold for it."""
    _set_trace(None)
    _set_profile(None)
    _set_recursion_limit(RECURSION_LIMIT)


def _send(results: int, kind: str, answer: dict[str, Json]) -> None:
    answer.pop("output", None)  # The worker, which collects it, puts it in.
    write_all(results, frame(f"{kind} {to_text(answer)}".encode()))


def _end_output(stream: Any, descriptor: int) -> None:
    """Get the user's last prints out, and let the worker see their end: that of the process takes milliseconds.

    Their stream may be closed, or be something else entirely, and raise anything.
    """
    with contextlib.suppress(BaseException):
        stream.flush()
    with contextlib.suppress(OSError):
        _close(descriptor)


class _Process:
    def __init__(
        self, request: TraceRequest, way: int, results: int, scratch: str, on_confined: Callable[[], None]
    ) -> None:
        self._on_confined = on_confined
        self._request = request
        self._way = way
        self._results = results
        self._seconds: dict[Phase, float] = {}
        self._since = _monotonic()
        self.phase: Phase = "import"
        self._folders = (os.path.dirname(request.path), *request.import_paths, *request.likely_paths)  # noqa: PTH120
        self._scratch = scratch
        self._parts = [part for part in PARTS_OF_TORCH if part not in _modules]
        self._confined = False
        self._library_installed = True
        self._auditor = Auditor(request.path, scratch, self._folders)
        tempfile.tempdir = scratch
        os.environ.update(dict.fromkeys(TEMPORARY_FOLDERS, scratch))

    def enter(self, phase: Phase) -> None:
        """Note the start of ``phase``; the worker ends us if it takes too long."""
        if phase != self.phase:
            self._clock()
            self.phase = phase
            write_all(self._results, frame(f"P {phase}".encode()))

    def tell_parts(self) -> None:
        """Tell the worker of parts of torch that it may import for the next ones; where it forks, they are new."""
        for part in self._parts:
            if part in _modules:
                write_all(self._results, frame(f"I {part}".encode()))

    def _clock(self) -> None:
        now = _monotonic()
        self._seconds[self.phase] = self._seconds.get(self.phase, 0.0) + now - self._since
        self._since = now

    def answer(self) -> tuple[str, dict[str, Json]]:
        graph: ModelGraph | None = None
        failure: Failure | None = None
        try:
            graph = self._graph()
        except BaseException as error:  # user code may raise anything, SystemExit included
            _take_over()
            failure = from_exception(error, self.phase, confined=self._confined)
            if (way := self._way_after(error)) is not None:
                if way == building.ACCELERATED:
                    _send(self._results, "B", self._reply(None, failure))
                return "A", {"way": way}
        if graph is not None and self._may_try_again() and _meta_is_to_blame(graph):
            return "A", {"way": self._way + 1}
        return "R", self._reply(graph, failure)

    def _reply(self, graph: ModelGraph | None, failure: Failure | None) -> dict[str, Json]:
        _take_over()
        self._clock()
        reply: dict[str, Json] = TraceReply(graph, failure, self._auditor.files(), "", self._seconds).to_json()
        return reply

    def _may_try_again(self) -> bool:
        return self._way + 1 < building.ACCELERATED

    def _way_after(self, error: BaseException) -> int | None:
        """The way of building to try next; nothing if no way would avoid ``error``."""
        if self.phase not in ("import", "build"):
            return None
        if self._way == building.ACCELERATED:
            return building.NO_WAY
        wants_accelerator = isinstance(error, (Exception, SystemExit)) and names_accelerator(error)
        if self.phase == "import" or _certain(error):
            final = isinstance(error, NOT_THE_WAYS_FAULT)
            return building.ACCELERATED if wants_accelerator and not final else None
        if self._may_try_again() and not (wants_accelerator and isinstance(error, DEMANDS)):
            return self._way + 1
        return building.ACCELERATED if wants_accelerator else None

    def _graph(self) -> ModelGraph:
        request = self._request
        sys.dont_write_bytecode = True
        neutral.neutralise_terminal(request.path)
        import_installed(request, self._folders)
        confinement.continue_alone()
        arrange_path(request)
        self._library_installed = library_is_installed()
        guards.bound_files(2 * request.limits.memory_mb)
        self._confined = confinement.confine(self._scratch)
        self._on_confined()
        self._auditor.install()
        evaluation = Evaluation(request, self.enter)
        with building.WAYS[self._way](), DevicesHere():
            evaluation.run_statements()
            model = evaluation.model()
            arguments = evaluation.arguments()
            inputs = [StatedInput(value, origin) for origin, value in evaluation.inputs()]
        with DevicesHere():
            return self._trace(model, arguments, inputs)

    def _trace(self, model: nn.Module, arguments: dict[str, Any], inputs: list[StatedInput]) -> ModelGraph:
        """What :func:`fxlens.tracing.trace_model` does, in two phases with limits of their own."""
        leaves = arguments.get("leaf_modules") or ()
        # torchvision or timm may be imported for this: one that cannot be does not make the model untraceable.
        self.enter("import")
        naming = _naming(self._request.dialect, arguments)
        settings = trace_settings(naming, leaves, arguments.get("tracer_kwargs"))
        self.enter("trace")
        backend = _backend(arguments)
        modes = () if backend in UNTRACED and naming == "fxlens" else MODES
        snapshot = Snapshot(model)
        traces = trace_modes(model, settings, arguments.get("concrete_args"), modes, snapshot=snapshot)
        by_hooks = needs_runs(traces, naming)
        runs = ModuleRuns({}) if by_hooks else None
        graph = self._described(describe(model, settings.tracer(), traces, Found({}), runs, backend))
        if self._may_try_again() and _meta_is_to_blame(graph):
            return graph
        _send(self._results, "G", self._reply(graph, None))
        self.enter("shapes")
        try:
            stated = [*inputs, *_weights(model)]
            values = find_values(model, traces, stated, snapshot=snapshot)
            recorded = settings.leaf_modules if backend == "record" else None
            runs = run_modules(model, stated, recorded_leaves=recorded) if by_hooks else None
        except BaseException:
            # The user's layers are run on meta tensors for this and may raise anything. The names are what matters.
            traceback.print_exc()
            return graph
        if runs is None:
            return with_values(graph, traces, values)
        return self._described(describe(model, settings.tracer(), traces, values, runs, backend))

    def _described(self, graph: ModelGraph) -> ModelGraph:
        # Whatever the names are, queries select as the function does that is called.
        return replace(graph, dialect=self._request.dialect, library_installed=self._library_installed)


def _naming(dialect: Dialect, arguments: Mapping[str, Any]) -> Dialect:
    """Whose names the call gives: our own function takes those of another library by its argument ``naming``."""
    naming: Any = arguments.get("naming")
    return naming if dialect == "fxlens" and naming in DIALECTS else dialect


def _backend(arguments: Mapping[str, Any]) -> BackendChoice | None:
    """What the call says of the backend; the names of another library are always those of a traced graph."""
    if arguments.get("naming", "fxlens") != "fxlens":
        return "fx"
    backend = arguments.get("backend")
    return backend if backend in get_args(BackendChoice) else None


def _weights(model: nn.Module) -> list[StatedInput]:
    weights = neutral.weights_of(model)
    return [] if weights is None else [StatedInput(weights, "its weights")]


def _certain(error: BaseException) -> bool:
    return isinstance(error, NOT_THE_WAYS_FAULT) or not isinstance(error, Exception)


def _meta_is_to_blame(graph: ModelGraph) -> bool:
    """Whether tracing failed because it lacked real tensors, so that another way of building may do."""
    return any("meta" in failure.message.lower() for failure in graph.failures)
