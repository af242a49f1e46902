"""``fxlens calls PATH…``: every extraction call, and what was made of its model and its names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fxlens.cli.analysing import (
    Analysed,
    Task,
    analyse,
    extra_path_option,
    format_option,
    paths_argument,
    python_option,
    said_place,
)
from fxlens.cli.counting import status_of
from fxlens.cli.outcome import end, json_text
from fxlens.cli.settings import limit_option
from fxlens.engine.analysis import CallAnalysis, ModelState
from fxlens.graph import MODES, Mode, ModeGraph, ModelGraph
from fxlens.source.model import Query
from fxlens.worker.messages import Limits


@click.command(name="calls")
@paths_argument
@format_option
@python_option
@extra_path_option
@limit_option
def command(
    paths: tuple[Path, ...], form: str, python: str | None, extra_paths: tuple[Path, ...], limits: Limits
) -> None:
    """List extraction calls with their models and names."""
    analyses = analyse(Task(paths, python, extra_paths, limits))
    files = [_file(analysed) for analysed in analyses.files]
    if form == "json":
        click.echo(json_text({"files": files}))
    else:
        for file in files:
            _print(file)
    end(findings=False, failures=analyses.failures)


def _file(analysed: Analysed) -> dict[str, Any]:
    return {"path": analysed.path, "calls": [_call(analysed, call) for call in analysed.file.calls]}


def _call(analysed: Analysed, analysis: CallAnalysis) -> dict[str, Any]:
    call = analysis.call
    status, reason = status_of(analysis)
    return {
        **analysed.line_and_column(call.span.start),
        "function": call.function,
        "dialect": call.dialect,
        "status": status,
        "reason": reason,
        "models": [_model(analysis, state) for state in analysis.models],
        "queries": [_query(analysed, analysis, query) for query in call.queries],
    }


def _model(analysis: CallAnalysis, state: ModelState) -> dict[str, Any]:
    graph = state.current_graph
    nodes = {
        mode: len(mode_graph.nodes) if graph and (mode_graph := _answer(analysis, graph, mode)) else None
        for mode in MODES
    }
    return {"expression": state.slice.model, "nodes": nodes}


def _query(analysed: Analysed, analysis: CallAnalysis, query: Query) -> dict[str, Any]:
    return {
        "text": query.text,
        **analysed.line_and_column(query.span.start),
        "selects": {mode: _selected(analysis, query, mode) for mode in MODES},
    }


def _answer(analysis: CallAnalysis, graph: ModelGraph, mode: Mode) -> ModeGraph | None:
    """What the call selects from in a mode: the traced graph, or the modules that hooks read."""
    return analysis.answering(graph).seen(mode) if analysis.knows(graph, (mode,)) else None


def _selected(analysis: CallAnalysis, query: Query, mode: Mode) -> str | None:
    """The name of the node the query selects beside the call's other queries, in the first model that is known."""
    asked = next(iter(analysis.call.asked_with(query)), (query.text,))
    for state in analysis.models_of(query):
        mode_graph = _answer(analysis, state.current_graph, mode) if state.current_graph else None
        if mode_graph and state.current_graph:
            node = analysis.selected(state.current_graph, mode_graph, asked)[query.text]
            return node.name if node else None
    return None


def _print(file: dict[str, Any]) -> None:
    for call in file["calls"]:
        click.echo(f"{said_place(file['path'], call)}: {call['function']} ({call['dialect']})")
        if call["reason"]:
            click.echo(f"  {call['status']}: {call['reason']}")
        for model in call["models"]:
            counts = ", ".join(f"{count} in {mode}" for mode, count in model["nodes"].items() if count is not None)
            click.echo(f"  model {' '.join(model['expression'].split())}" + (f": nodes {counts}" if counts else ""))
        for query in call["queries"]:
            chosen = dict.fromkeys(name or "nothing" for name in query["selects"].values())
            resolved = call["status"] == "resolved"
            click.echo(f"  {query['text']}" + (f" → {' / '.join(chosen)}" if resolved else ""))
