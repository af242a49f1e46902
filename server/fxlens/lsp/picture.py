"""The graph view: the levels of the model of the call nearest the cursor, and what is known of one node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lsprotocol import types

from fxlens.engine.analysis import CallAnalysis, FileAnalysis, ModelState
from fxlens.explanations import modes_with
from fxlens.graph import MODES, GraphNode, Mode, ModelGraph, ModuleInfo
from fxlens.levels import Level, Levels, levels_of
from fxlens.lsp.documents import Document
from fxlens.lsp.outline import ViewOptions
from fxlens.lsp.session import Session, nearest_call, query_at
from fxlens.lsp.source_locations import client_line, place_phrase
from fxlens.lsp.tree import failure_text, tree
from fxlens.lsp.wire import (
    Graph,
    GraphFound,
    GraphLevels,
    GraphNeighbour,
    GraphNodeDetails,
    GraphQuery,
    ShownMode,
    SourcePlace,
)
from fxlens.lsp.words import selected_phrase, without_marks
from fxlens.node_kinds import operation_text
from fxlens.source.model import ExtractionCall, Position, Query

LIMIT = 2000
"""The most hits whose names are told: an editor steps through a few of them, and marks them all by position."""


@dataclass(frozen=True)
class Picture:
    """What a request is about: the call, its model, and the mode that is shown."""

    session: Session
    document: Document
    analysis: FileAnalysis
    position: Position | None
    call: CallAnalysis
    state: ModelState
    graph: ModelGraph
    mode: ShownMode

    @staticmethod
    def of(session: Session, uri: str, position: types.Position | None, params: Mapping[str, Any]) -> Picture | None:
        opened = session.open_file(uri)
        if opened is None:
            return None
        document, analysis = opened
        here = document.position(position) if position else None
        call = nearest_call(analysis, here)
        state = ViewOptions.of(params).state(call) if call else None
        if call is None or state is None or state.graph is None:
            return None
        mode = _shown_mode(state.graph, params.get("mode"))
        return Picture(session, document, analysis, here, call, state, state.graph, mode)

    @property
    def levels(self) -> Levels:
        return levels_of(self.graph, _single(self.mode))


def graph_view(session: Session, uri: str, position: types.Position | None, params: Mapping[str, Any]) -> Graph:
    """The answer to ``fxlens/graph``."""
    picture = Picture.of(session, uri, position, params)
    if picture is None:
        return _nothing(session, uri, position, params)
    graph, state, levels = picture.graph, picture.state, picture.levels
    current = state.current_graph is not None
    unchanged = params.get("known") == graph.revision
    wanted = params.get("open")
    opened = levels.opened() if wanted is None else [path for path in wanted if levels.level(path)]
    root = graph.modules_by_path.get("")
    traceable = any(graph.traced())
    return {
        **_empty("ready" if current else "stale"),
        "message": None if current and traceable else failure_text(state),
        "model": state.slice.model,
        "className": graph.class_name,
        "dialect": picture.call.call.dialect,
        "revision": graph.revision,
        "modes": [seen.mode for seen in graph.views()],
        "mode": picture.mode,
        "differ": graph.modes_differ,
        "editable": _editable(picture.call.call),
        "position": _call_position(picture.document, picture.call.call),
        "query": _query_under(picture),
        "queries": _queries(picture, uri, ViewOptions.of(params)),
        "nodes": len(levels.nodes),
        "parameters": root.parameters if root else 0,
        "strip": "" if unchanged else levels.strip,
        "opened": opened,
        "levels": {} if unchanged else _wanted_levels(levels, opened, everything=bool(params.get("everything"))),
    }


def _wanted_levels(levels: Levels, opened: list[str], *, everything: bool) -> dict[str, Level]:
    if everything:
        return levels.all()
    return {path: level for path in ("", *opened) if (level := levels.level(path))}


def graph_levels(session: Session, uri: str, position: types.Position | None, params: Mapping[str, Any]) -> GraphLevels:
    """The answer to ``fxlens/graphLevels``: the levels that are wanted of the graph that the client knows."""
    picture = Picture.of(session, uri, position, params)
    if picture is None or picture.graph.revision != params.get("revision"):
        return {"revision": picture.graph.revision if picture else None, "stale": True, "levels": {}}
    levels = {path: level for path in params["paths"] if (level := picture.levels.level(path))}
    return {"revision": picture.graph.revision, "stale": False, "levels": levels}


def graph_find(session: Session, uri: str, position: types.Position | None, params: Mapping[str, Any]) -> GraphFound:
    """The answer to ``fxlens/graphFind``: where in the picture a text is found."""
    picture, text = Picture.of(session, uri, position, params), str(params["text"]).strip()
    if picture is None or not text:
        return {"total": 0, "paths": [], "positions": [], "under": {}}
    levels = picture.levels
    hits = levels.search(text)
    under: dict[str, int] = {}
    for identity in params["open"]:
        under.update(levels.counts(hits, identity))
    told = hits[: min(int(params.get("limit", LIMIT)), LIMIT)]
    return {
        "total": len(hits),
        "paths": [levels.nodes[at].name for at in told],
        "positions": told,
        "under": under,
    }


def graph_node(
    session: Session, uri: str, position: types.Position | None, params: Mapping[str, Any]
) -> GraphNodeDetails | None:
    """The answer to ``fxlens/graphNode``: what is known of the node, or the group, at a path."""
    picture, path = Picture.of(session, uri, position, params), str(params["path"])
    if picture is None:
        return None
    levels, graph = picture.levels, picture.graph
    held = levels.holding(path)
    if not held:
        return None
    own = levels.position(path)
    node = levels.nodes[held[-1] if own is None else own]
    module = graph.modules_by_path.get(path if own is None or node.op != "call_module" else node.target)
    reads, readers, outputs = levels.neighbours(path)
    read_by = [_neighbour(levels.nodes[at]) for at in readers]
    read_by += map(_returned, outputs)
    other = module.path if module and own is not None and module.path != path else None
    return {
        "path": path,
        "what": operation_text(node) if own is not None else (module.short_class if module else ""),
        "module": other,
        "shape": node.value.phrase if node.value else "",
        "parameters": module.parameters if module else 0,
        "reads": [_neighbour(levels.nodes[at]) for at in reads],
        "readBy": read_by,
        "modes": list(modes_with(graph, path)),
        "source": _source(session, node, module, own),
        "place": _source_phrase(session, node, module, own),
        "chain": chain(graph, module.path, picture.state.slice.model) if module else "",
        "selectedBy": [
            query["text"] for query in _queries(picture, uri, ViewOptions.of(params)) if path in query["selects"]
        ],
        "sentences": [] if own is not None or not any(graph.traced()) else [_selection(graph, path, node)],
    }


def chain(graph: ModelGraph, path: str, model: str) -> str:
    """How Python reaches the module at a path: ``model.layer4[-1]`` for ``layer4.2`` of three.

    Example:
        ``blocks.0.attn`` of a model that is built in the text is ``model.blocks[0].attn``
    """
    written, above = model if model.isidentifier() else "model", ""
    for segment in filter(None, path.split(".")):
        siblings = [name for name in graph.modules_by_path if name and name.rpartition(".")[0] == above]
        inner = f"{above}.{segment}" if above else segment
        holder = graph.modules_by_path.get(above)
        kind = holder.class_name if holder else ""
        if segment.isdecimal() and kind.endswith((".Sequential", ".ModuleList")):
            written += "[-1]" if len(siblings) > 1 and siblings[-1] == inner else f"[{segment}]"
        elif kind.endswith(".ModuleDict"):
            written += f'["{segment}"]'
        else:
            written += f".{segment}" if segment.isidentifier() else f'.get_submodule("{segment}")'
        above = inner
    return written


def _shown_mode(graph: ModelGraph, wanted: Any) -> ShownMode:
    if wanted == "both" and graph.modes_differ:
        return "both"
    if wanted in MODES and graph.seen(wanted):
        mode: Mode = wanted
        return mode
    return next((seen.mode for seen in graph.views()), "eval")


def _single(mode: ShownMode) -> Mode | None:
    return None if mode == "both" else mode


def _queries(picture: Picture, uri: str, asked: ViewOptions) -> list[GraphQuery]:
    """What each query of the call selects in the mode that is shown, and which rule speaks of it."""
    call = asked.call(picture.call)
    texts = list(dict.fromkeys(query.text for query in call.queries))
    single = _single(picture.mode)
    shown = [seen for seen in picture.graph.views() if single in (None, seen.mode)]
    chosen = [picture.call.selected(picture.graph, seen, texts) for seen in shown]
    queries: list[GraphQuery] = []
    for text in texts:
        names = list(dict.fromkeys(node.name for selected in chosen if (node := selected[text])))
        rule, message = _rule(picture.session, uri, [query for query in call.queries if query.text == text])
        at = picture.levels.position(names[0]) if names else None
        queries.append({"text": text, "selects": names, "at": at, "rule": rule, "message": message})
    return queries


def _rule(session: Session, uri: str, queries: list[Query]) -> tuple[str | None, str | None]:
    published = session.published.get(uri)
    for _, problem in published.pairs if published else ():
        if any(query.literal.contains(problem.span.start) for query in queries):
            return problem.rule, without_marks(problem.message)
    return None, None


def _neighbour(node: GraphNode) -> GraphNeighbour:
    return {"path": node.name, "shape": node.value.phrase if node.value else ""}


def _selection(graph: ModelGraph, path: str, node: GraphNode) -> str:
    return without_marks(f"as a query it selects {selected_phrase(graph, path, node)}")


def _returned(output: str) -> GraphNeighbour:
    return {"path": output, "shape": ""}


def _source(session: Session, node: GraphNode, module: ModuleInfo | None, own: int | None) -> SourcePlace | None:
    line = node.source if own is not None else (module.source if module else None) or node.source
    at = client_line(session, line) if line else None
    return {"uri": at[0], "line": at[1]} if at else None


def _source_phrase(session: Session, node: GraphNode, module: ModuleInfo | None, own: int | None) -> str:
    line = node.source if own is not None else (module.source if module else None) or node.source
    return place_phrase(session, line) if line and client_line(session, line) else ""


def _editable(call: ExtractionCall) -> bool:
    return call.extracts and not call.delegates


def _call_position(document: Document, call: ExtractionCall) -> Any:
    if not document.holds(call.span):
        return None
    start = document.client_position(call.span.start)
    return {"line": start.line, "character": start.character}


def _query_under(picture: Picture) -> str | None:
    located = query_at(picture.analysis, picture.position) if picture.position else None
    return located.query.text if located and located.analysis is picture.call else None


def _nothing(session: Session, uri: str, position: types.Position | None, params: Mapping[str, Any]) -> Graph:
    """Why there is no picture: the tree's message."""
    said = tree(session, uri, position, ViewOptions.of(params))
    return {**_empty(said["state"]), "message": said["message"], "model": said["model"]}


def _empty(state: Any) -> Graph:
    return {
        "state": state,
        "message": None,
        "model": None,
        "className": "",
        "dialect": None,
        "revision": None,
        "modes": [],
        "mode": "eval",
        "differ": False,
        "editable": False,
        "position": None,
        "query": None,
        "queries": [],
        "nodes": 0,
        "parameters": 0,
        "strip": "",
        "opened": [],
        "levels": {},
    }
