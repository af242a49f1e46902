"""The sidebar's tree: the dotted hierarchy of the model of the call nearest the cursor, down to nodes."""

from __future__ import annotations

from typing import Any

from lsprotocol import types

from fxlens.checks.failures import said_of
from fxlens.checks.wording import sentences
from fxlens.engine.analysis import CallAnalysis, ModelState
from fxlens.graph import ModelGraph
from fxlens.lsp.definition import module_line
from fxlens.lsp.documents import Document
from fxlens.lsp.outline import Json, Outline, ViewOptions
from fxlens.lsp.session import Session, nearest_call, query_at
from fxlens.lsp.source_locations import client_line
from fxlens.lsp.words import (
    input_phrase,
    without_marks,
)

_LONGEST_MODEL = 40
"""The line above the tree is as narrow as the side bar."""


def tree(session: Session, uri: str, client_position: types.Position | None, asked: ViewOptions) -> Json:
    """The answer to ``fxlens/tree``: the state of the model nearest the position, and its root."""
    opened = session.open_file(uri)
    if opened is None:
        return _answer("none", "Open a Python file with a feature-extraction call.")
    document, analysis = opened
    position = document.position(client_position) if client_position else None
    call = nearest_call(analysis, position)
    if call is None:
        return _answer("none", "This file has no call of `create_feature_extractor` or `get_graph_node_names`.")
    located = query_at(analysis, position) if position else None
    return {
        **_of_call(session, document, call, asked),
        "query": located.query.text if located and located.analysis is call else None,
        "queries": list(dict.fromkeys(query.text for query in asked.call(call).queries)),
        "editable": call.call.extracts and not call.call.delegates,
    }


def tree_children(
    session: Session, uri: str, client_position: types.Position | None, parent: str, asked: ViewOptions
) -> list[Json]:
    """The answer to ``fxlens/treeChildren``: what stands one level below ``parent``."""
    outline = _outline(session, uri, client_position, asked)
    return outline.children(parent) if outline else []


def tree_path(
    session: Session, uri: str, client_position: types.Position | None, path: str, asked: ViewOptions
) -> list[Json]:
    """The answer to ``fxlens/treePath``: the rows from the top of the tree down to ``path``."""
    outline = _outline(session, uri, client_position, asked)
    return outline.way_to(path) if outline else []


def tree_models(session: Session, uri: str) -> list[Json]:
    """The answer to ``fxlens/treeModels``: every model of every call of a file, to choose among."""
    opened = session.open_file(uri)
    if opened is None:
        return []
    document, analysis = opened
    return [
        {
            "label": state.graph.class_name.rpartition(".")[2] if state.graph else state.slice.model,
            "description": state.slice.model if state.graph else "not known",
            "line": call.call.span.start.line,
            "position": _position(document.client_position(call.call.span.start)),
            "model": at,
        }
        for call in analysis.calls
        for at, state in enumerate(call.models)
    ]


def _outline(session: Session, uri: str, client_position: types.Position | None, asked: ViewOptions) -> Outline | None:
    opened = session.open_file(uri)
    if opened is None:
        return None
    document, analysis = opened
    call = nearest_call(analysis, document.position(client_position) if client_position else None)
    state = asked.state(call) if call else None
    return Outline.of(session, state.graph, asked, call) if call and state and state.graph else None


def _of_call(session: Session, document: Document, call: CallAnalysis, asked: ViewOptions) -> Json:
    where: Json = {"callRange": _range(document.client_range(call.call.span)), "dialect": call.call.dialect}
    state = asked.state(call)
    if state is None:
        unresolved = call.call.unresolved
        explanation = sentences(unresolved.reason, unresolved.remedy) if unresolved else "No model found."
        return _answer("none", explanation, **where)
    common: Json = {"model": state.slice.model, **where}
    if state.graph is None:
        return _answer(*_without_graph(state), **common)
    if not state.graph.views():
        return _answer("none", failure_text(state) or "The model cannot be traced.", **common)
    built = Outline.of(session, state.graph, asked, call)
    status = "ready" if state.current_graph else "stale"
    message = failure_text(state) if status == "stale" or not state.graph.traced() else None
    if status == "ready" and call.by_hooks(state.graph):
        message = _hooks_text(state.graph)
    if asked.text:
        message = message or f"{built.matches:,} of {len(built.names.nodes):,} nodes match “{asked.text}”."
    matches = built.matches if asked.text else None
    answer_fields: Json = {
        "summary": _summary(state, call, asked, built),
        "className": state.graph.class_name,
        "root": built.root(),
        "revision": state.graph.revision,
    }
    return _answer(status, message, matches=matches, **answer_fields, **common)


def _summary(state: ModelState, call: CallAnalysis, asked: ViewOptions, outline: Outline) -> str:
    """Which call the tree shows and edits, how many of its nodes are selected, and what its shapes are for.

    The title has the class alone, and a file may have five calls of models of one class.
    """
    model = " ".join(state.slice.model.split())
    if len(model) > _LONGEST_MODEL:
        model = f"{model[: _LONGEST_MODEL - 1]}…"
    parts = [f"Line {call.call.span.start.line + 1}: {model}"]
    if call.call.extracts:
        texts = {query.text for query in asked.call(call).queries}
        count = sum(outline.names.select(text) is not None for text in texts)
        unit = "nodes" if any(outline.graph.traced()) else "modules"
        parts.append(f"{count} of {len(outline.names.nodes):,} {unit} selected")
    what_for = input_phrase(outline.graph)
    parts += [without_marks(f"shapes for {what_for}")] if what_for else []
    return " · ".join(parts)


def tree_source(
    session: Session, uri: str, client_position: types.Position | None, path: str, asked: ViewOptions
) -> Json | None:
    """The answer to ``fxlens/treeSource``: where a row leads to.

    For a module that is ``self.layer1 = …``, where one can be found: its class may be torch's ``Sequential``. Looked up
    when somebody goes there: it needs the syntax tree of a file.
    """
    outline = _outline(session, uri, client_position, asked)
    if outline is None or path not in outline.names.last_under:
        return None
    level = outline.names.level(path)
    source = module_line(session, outline.graph, path) if level.node is None else level.node.source
    at = client_line(session, source) if source else None
    return {"uri": at[0], "line": at[1]} if at else None


def _hooks_text(graph: ModelGraph) -> str:
    """That names are modules here, and why."""
    why = f": torch.fx cannot trace the model ({graph.failures[0].message})" if graph.failures else ""
    unknown = "" if input_phrase(graph) else "No input was found for the model: order and shapes are unknown."
    return sentences(f"Modules, read by hooks{why}", unknown)


def _without_graph(state: ModelState) -> tuple[str, str]:
    if state.status in ("waiting", "tracing"):
        return "pending", f"Tracing `{state.slice.model}` …"
    return "none", failure_text(state) or f"No graph of `{state.slice.model}`."


def failure_text(state: ModelState) -> str | None:
    failures = [state.failure] if state.failure else list(state.graph.failures if state.graph else ())
    return said_of(failures[0]) if failures else None


def _answer(state: str, message: str | None, **answer_fields: Any) -> Json:
    missing = ("summary", "model", "className", "callRange", "dialect", "root", "revision", "matches", "query")
    empty: Json = {**dict.fromkeys(missing), "queries": [], "editable": False}
    return {"state": state, "message": message, **empty, **answer_fields}


def _range(value: types.Range) -> Json:
    return {"start": _position(value.start), "end": _position(value.end)}


def _position(value: types.Position) -> Json:
    return {"line": value.line, "character": value.character}
