"""What the status item says of a document: the worker's state, the interpreter and the model, and what is missing."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from fxlens.checks.failures import said_of
from fxlens.checks.wording import sentences
from fxlens.engine.analysis import FileAnalysis, ModelState, WorkerState
from fxlens.engine.workers import IMPORTING
from fxlens.lsp.configuration import Configuration
from fxlens.lsp.session import main_state
from fxlens.lsp.words import module_count

Level: TypeAlias = Literal["ok", "busy", "warning", "error"]


def status(uri: str, analysis: FileAnalysis, worker: WorkerState, configuration: Configuration) -> dict[str, Any]:
    """The parameters of ``fxlens/status`` for a document with an extraction call, or one that is too large."""
    states = [state for call in analysis.calls for state in call.models]
    severity, text, detail = _say(analysis, states, worker, configuration)
    model = next((main.slice.model for call in analysis.calls if (main := main_state(call))), None)
    return {
        "uri": uri,
        "severity": severity,
        "text": text,
        "detail": detail,
        "interpreter": worker.interpreter,
        "interpreterReason": worker.interpreter_reason,
        "model": model,
        "state": worker.status,
    }


def _say(
    analysis: FileAnalysis, states: list[ModelState], worker: WorkerState, configuration: Configuration
) -> tuple[Level, str, str]:
    if analysis.problem is not None:
        return "warning", "not analysed", sentences(analysis.problem.message, analysis.problem.remedy)
    if not configuration.engine.trusted:
        return "warning", "Restricted Mode", "Models are traced only in trusted workspaces: nothing was run."
    blocked = next((state.failure for state in states if state.status == "blocked" and state.failure), None)
    if blocked:
        return "warning", "no node names", sentences(blocked.message, blocked.remedy)
    if worker.status == "failed":
        return "error", "worker failed", worker.reason
    if any(state.status in ("waiting", "tracing") for state in states):
        busy = "starting the worker" if worker.status == "starting" else "tracing"
        if worker.reason.startswith(IMPORTING):
            busy = worker.reason.replace(IMPORTING, "importing", 1).removesuffix(".")
        return "busy", f"{busy} …", worker.reason
    failed = next((state.failure for state in states if state.status == "failed" and state.failure), None)
    untraced = (
        state.graph
        for call in analysis.calls
        for state in call.models
        if state.graph and not state.graph.traced() and not call.by_hooks(state.graph)
    )
    failed = failed or next((graph.failures[0] for graph in untraced if graph.failures), None)
    if failed:
        return "warning", "no node names", said_of(failed)
    if not states:
        unresolved = next((call.call.unresolved for call in analysis.calls if call.call.unresolved), None)
        return "warning", "no model", unresolved.reason if unresolved else "No model was found for the call."
    return "ok", _ready(states), worker.reason


def _ready(states: list[ModelState]) -> str:
    graphs = {id(state.graph): state.graph for state in states if state.graph}
    if len(graphs) != 1:
        return f"{len(graphs)} models"
    (graph,) = graphs.values()
    name = graph.class_name.rpartition(".")[2]
    if not graph.traced():
        return f"{name}, {module_count(graph):,} modules"
    return f"{name}, {max(len(mode_graph.nodes) for mode_graph in graph.traced()):,} nodes"
