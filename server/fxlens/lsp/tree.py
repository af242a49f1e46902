"""The sidebar's tree: the dotted hierarchy of the model of the call nearest the cursor, down to nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, TypeAlias

from lsprotocol import types

from fxlens.checks.failures import said_of
from fxlens.checks.wording import sentences
from fxlens.engine.analysis import CallAnalysis, ModelState
from fxlens.explanations import modes_with
from fxlens.graph import MODES, GraphNode, Mode, ModelGraph, SourceLine
from fxlens.lsp.documents import Document
from fxlens.lsp.places import client_line, place_phrase
from fxlens.lsp.session import Session, main_state, nearest_call, query_at
from fxlens.lsp.words import modes_phrase, node_phrase, selected_phrase, shape_phrase
from fxlens.queries import Level, NameIndex, index, merged_index
from fxlens.source.model import ExtractionCall

Json: TypeAlias = dict[str, Any]
Kind: TypeAlias = Literal["module", "leaf", "op", "input", "parameter", "group"]

PAGE = 500
"""The most rows of one level; a longer one comes in groups, because an editor draws its rows all at once."""

_GROUP = "\0"
"""Stands in the id of a group between the path of its level and the number of its first row."""


@dataclass(frozen=True)
class Asked:
    """What a view shows of a model: the nodes of one mode or of both, and those whose names hold a text.

    ``model`` picks among the models of a call that has several.
    """

    mode: Mode | None = None
    text: str = ""
    model: int | None = None

    @staticmethod
    def of(params: Mapping[str, Any]) -> Asked:
        mode, model = params.get("mode"), params.get("model")
        return Asked(
            mode if mode in MODES else None,
            str(params.get("filter") or "").strip().casefold(),
            model if isinstance(model, int) else None,
        )

    def state(self, call: CallAnalysis) -> ModelState | None:
        if self.model is not None and 0 <= self.model < len(call.models):
            return call.models[self.model]
        return main_state(call)

    def call(self, call: CallAnalysis) -> ExtractionCall:
        """The call with those of its queries that select from the model shown: not those of another branch."""
        state = self.state(call)
        if state is None:
            return call.call
        shown = [query for query in call.call.queries if any(one is state for one in call.models_of(query))]
        return replace(call.call, queries=tuple(shown))


@dataclass(frozen=True)
class Outline:
    """A model graph as a tree of dotted levels: of one mode, or of both merged in one execution order."""

    session: Session
    graph: ModelGraph
    names: NameIndex
    text: str = ""

    @staticmethod
    def of(session: Session, graph: ModelGraph, asked: Asked) -> Outline:
        one = graph.of(asked.mode) if asked.mode else None
        return Outline(session, graph, index(one) if one else merged_index(graph), asked.text)

    @cached_property
    def shown(self) -> dict[str, int] | None:
        """How many of the nodes that fit the filter stand at and under each path; ``None`` without a filter."""
        return self.names.holding(self.text) if self.text else None

    @property
    def matches(self) -> int:
        """How many nodes fit the filter."""
        return len(self.names.nodes) if self.shown is None else self.shown.get("", 0)

    def children(self, identity: str) -> list[Json]:
        """The rows below a path, or those of one group of them."""
        path, _, start = identity.partition(_GROUP)
        paths = self._paths(path)
        if start:
            return self._items(paths[int(start) : int(start) + PAGE])
        if len(paths) <= PAGE:
            return self._items(paths)
        return [_group(path, paths, first) for first in range(0, len(paths), PAGE)]

    def way_to(self, path: str) -> list[Json]:
        """The rows from the top down to ``path``, groups included; nothing where the view does not show it."""
        parts = path.split(".")
        way: list[Json] = []
        for at in range(len(parts)):
            above, wanted = ".".join(parts[:at]), ".".join(parts[: at + 1])
            paths = self._paths(above)
            if wanted not in paths:
                return []
            if len(paths) > PAGE:
                place = paths.index(wanted)
                way.append(_group(above, paths, place - place % PAGE))
            way += self._items([wanted])
        return way

    def _paths(self, path: str) -> Sequence[str]:
        """The paths that are shown one level below ``path``: there may be 50 000, of which few become rows."""
        paths = self.names.children(path)
        return paths if self.shown is None else [one for one in paths if one in self.shown]

    def _items(self, paths: Sequence[str]) -> list[Json]:
        return [self._item(self.names.level(path)) for path in paths]

    def root(self) -> Json:
        nodes = self.matches
        return {
            "id": "",
            "label": self.graph.class_name.rpartition(".")[2],
            "path": "",
            "kind": "module",
            "description": f"{nodes:,} nodes",
            "modes": [one.mode for one in (self.graph.train, self.graph.eval) if one],
            "tooltip": f"`{self.graph.class_name}`",
            "source": None,
            "hasChildren": bool(nodes),
        }

    def _item(self, level: Level) -> Json:
        modes = modes_with(self.graph, level.path)
        node = level.node or level.last
        source = self._class_source(level) if level.inner else node.source
        return {
            "id": level.path,
            "label": level.segment,
            "path": level.path,
            "kind": _kind(level),
            "description": self._description(level, modes),
            "modes": list(modes),
            "tooltip": self._tooltip(level, modes),
            "source": self._location(source),
            "hasChildren": level.inner,
        }

    def _location(self, source: SourceLine | None) -> Json | None:
        at = client_line(self.session, source) if source else None
        return {"uri": at[0], "line": at[1]} if at else None

    def _class_source(self, level: Level) -> SourceLine | None:
        module = self.graph.modules_by_path.get(level.path)
        return module.source if module and module.source else level.last.source

    def _description(self, level: Level, modes: tuple[Mode, ...]) -> str:
        node = level.node or level.last
        shape = "" if level.inner else shape_phrase(node.value)
        # What one mode has alone stands before the shape: a narrow side bar cuts the end off.
        return " · ".join(part for part in (self._what(level), modes_phrase(modes), shape) if part)

    def _what(self, level: Level) -> str:
        module = self.graph.modules_by_path.get(level.path)
        if level.inner:
            return module.short_class if module else ""
        node = level.node or level.last
        if node.op == "call_module" and not _same_module(node):
            return f"{node.label}, module {node.target.rpartition('.')[2]}"
        if _kind(level) == "op" and level.segment.startswith(node.label):
            return "operation"
        return node_phrase(node)

    def _tooltip(self, level: Level, modes: tuple[Mode, ...]) -> str:
        lines = [f"**`{level.path}`**"]
        module = self.graph.modules_by_path.get(level.path)
        if level.inner and module:
            lines.append(f"{module.class_name}, {module.parameters:,} parameters")
        if level.node is None:
            lines.append(f"as a query it selects {selected_phrase(self.graph, level.path, level.last)}")
        else:
            lines.append(node_phrase(level.node))
        node = level.node or level.last
        if node.op == "call_module" and not level.inner and not _same_module(node):
            lines.append(f"the output of module `{node.target}`")
        lines.append(modes_phrase(modes) or "in train and eval mode")
        source = self._class_source(level) if level.inner else node.source
        if source:
            lines.append(place_phrase(self.session, source))
        return "\n\n".join(lines)


def tree(session: Session, uri: str, client_position: types.Position | None, asked: Asked) -> Json:
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
        "editable": call.call.function == "create_feature_extractor" and not call.call.delegates,
    }


def tree_children(
    session: Session, uri: str, client_position: types.Position | None, parent: str, asked: Asked
) -> list[Json]:
    """The answer to ``fxlens/treeChildren``: what stands one level below ``parent``."""
    outline = _outline(session, uri, client_position, asked)
    return outline.children(parent) if outline else []


def tree_path(
    session: Session, uri: str, client_position: types.Position | None, path: str, asked: Asked
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


def _outline(session: Session, uri: str, client_position: types.Position | None, asked: Asked) -> Outline | None:
    opened = session.open_file(uri)
    if opened is None:
        return None
    document, analysis = opened
    call = nearest_call(analysis, document.position(client_position) if client_position else None)
    state = asked.state(call) if call else None
    return Outline.of(session, state.graph, asked) if state and state.graph else None


def _of_call(session: Session, document: Document, call: CallAnalysis, asked: Asked) -> Json:
    where: Json = {"callRange": _range(document.client_range(call.call.span)), "dialect": call.call.dialect}
    state = asked.state(call)
    if state is None:
        unresolved = call.call.unresolved
        explanation = sentences(unresolved.reason, unresolved.remedy) if unresolved else "No model found."
        return _answer("none", explanation, **where)
    common: Json = {"model": state.slice.model, **where}
    if state.graph is None:
        return _answer(*_without_graph(state), **common)
    if not state.graph.traced():
        return _answer("none", failure_text(state) or "The model cannot be traced.", **common)
    built = Outline.of(session, state.graph, asked)
    status = "ready" if state.current_graph else "stale"
    message = failure_text(state) if status == "stale" else None
    if asked.text:
        message = message or f"{built.matches:,} of {len(built.names.nodes):,} nodes match “{asked.text}”."
    matches = built.matches if asked.text else None
    known: Json = {"className": state.graph.class_name, "root": built.root(), "revision": state.graph.revision}
    return _answer(status, message, matches=matches, **known, **common)


def _without_graph(state: ModelState) -> tuple[str, str]:
    if state.status in ("waiting", "tracing"):
        return "pending", f"Tracing `{state.slice.model}` …"
    return "none", failure_text(state) or f"No graph of `{state.slice.model}`."


def failure_text(state: ModelState) -> str | None:
    failures = [state.failure] if state.failure else list(state.graph.failures if state.graph else ())
    return said_of(failures[0]) if failures else None


def _answer(state: str, message: str | None, **known: Any) -> Json:
    missing = ("model", "className", "callRange", "dialect", "root", "revision", "matches", "query")
    empty: Json = {**dict.fromkeys(missing), "queries": [], "editable": False}
    return {"state": state, "message": message, **empty, **known}


def _kind(level: Level) -> Kind:
    if level.inner:
        return "module"
    node = level.node or level.last
    kinds: dict[str, Kind] = {"call_module": "leaf", "placeholder": "input", "get_attr": "parameter"}
    return kinds.get(node.op, "op")


def _same_module(node: GraphNode) -> bool:
    """Whether a leaf's node name is its module's path, but for the ``_N`` of a repeated call."""
    return node.name == node.target or node.name.startswith(f"{node.target}_")


def _group(path: str, paths: Sequence[str], first: int) -> Json:
    members = [one.rpartition(".")[2] for one in paths[first : first + PAGE]]
    return {
        "id": f"{path}{_GROUP}{first}",
        "label": f"{first + 1:,} – {first + len(members):,}",
        "path": "",
        "kind": "group",
        "description": f"{members[0]} … {members[-1]}",
        "modes": [],
        "tooltip": f"Rows {first + 1:,} to {first + len(members):,} of {len(paths):,}",
        "source": None,
        "hasChildren": True,
    }


def _range(value: types.Range) -> Json:
    return {"start": _position(value.start), "end": _position(value.end)}


def _position(value: types.Position) -> Json:
    return {"line": value.line, "character": value.character}
