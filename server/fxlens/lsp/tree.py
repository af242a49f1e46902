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
from fxlens.lsp.definition import is_container, module_line
from fxlens.lsp.documents import Document
from fxlens.lsp.places import client_line, place_phrase
from fxlens.lsp.session import Session, main_state, nearest_call, query_at
from fxlens.lsp.stage_views import stride_phrase
from fxlens.lsp.words import (
    input_phrase,
    modes_phrase,
    module_shapes,
    node_phrase,
    run_phrase,
    selected_phrase,
    shape_phrase,
)
from fxlens.queries import Level, NameIndex, how_selected, index, merged_index, select_alone
from fxlens.source.model import ExtractionCall

Json: TypeAlias = dict[str, Any]
Kind: TypeAlias = Literal["module", "leaf", "op", "input", "parameter", "group"]

PAGE = 500
"""The most rows of one level; a longer one comes in groups, because an editor draws its rows all at once."""

_LONGEST_MODEL = 40
"""The line above the tree is as narrow as the side bar."""

_GROUP = "\0"
"""Stands in the id of a group between the path of its level and the number of its first row."""


@dataclass(frozen=True)
class Asked:
    """What a view shows of a model: the nodes of one mode or of both, and those whose names hold a text.

    ``model`` picks among the models of a call that has several. ``plumbing`` says whether nodes without tensors (sizes,
    flags, checks) are among them; those that the call requests always are.
    """

    mode: Mode | None = None
    text: str = ""
    model: int | None = None
    plumbing: bool = True

    @staticmethod
    def of(params: Mapping[str, Any]) -> Asked:
        mode, model = params.get("mode"), params.get("model")
        return Asked(
            mode if mode in MODES else None,
            str(params.get("filter") or "").strip().casefold(),
            model if isinstance(model, int) else None,
            params.get("plumbing") is not False,
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
        shown = [query for query in call.call.queries if any(model is state for model in call.models_of(query))]
        return replace(call.call, queries=tuple(shown))


@dataclass(frozen=True)
class Outline:
    """A model graph as a tree of dotted levels: of one mode, or of both merged in one execution order."""

    session: Session
    graph: ModelGraph
    names: NameIndex
    text: str = ""
    hidden: frozenset[str] = frozenset()
    """Paths of nodes without tensors that are left out."""

    @staticmethod
    def of(session: Session, graph: ModelGraph, asked: Asked, call: CallAnalysis) -> Outline:
        mode_graph = graph.seen(asked.mode) if asked.mode else None
        names = index(mode_graph) if mode_graph else merged_index(graph)
        hidden: frozenset[str] = frozenset()
        if not asked.plumbing and not asked.text:
            requested = {query.text for query in asked.call(call).queries}
            hidden = frozenset().union(*(index(mode).plumbing for mode in graph.traced())) - requested
        return Outline(session, graph, names, asked.text, hidden)

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
                position = paths.index(wanted)
                way.append(_group(above, paths, position - position % PAGE))
            way += self._items([wanted])
        return way

    def _paths(self, path: str) -> Sequence[str]:
        """The paths that are shown one level below ``path``: there may be 50 000, of which few become rows."""
        paths = self.names.children(path)
        if self.hidden:
            paths = [each for each in paths if each not in self.hidden or self.names.children(each)]
        return paths if self.shown is None else [each for each in paths if each in self.shown]

    def _items(self, paths: Sequence[str]) -> list[Json]:
        return [self._item(self.names.level(path)) for path in paths]

    def root(self) -> Json:
        nodes = self.matches
        names = self.names.by_name
        hidden = sum(name in names for name in self.hidden)
        unit = "nodes" if any(self.graph.traced()) else "modules"
        return {
            "id": "",
            "label": self.graph.class_name.rpartition(".")[2],
            "path": "",
            "kind": "module",
            "description": f"{nodes:,} {unit}" + (f", {hidden:,} of them sizes and checks" if hidden else ""),
            "modes": [mode for mode in MODES if self.graph.seen(mode)],
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
        shape = self._shape(level) or run_phrase(self.graph, level.path)
        # What one mode has alone stands before the shape: a narrow side bar cuts the end off.
        selected = level.node or level.last
        parts = (self._what(level), modes_phrase(modes), shape, stride_phrase(self.graph, selected.name))
        return " · ".join(part for part in parts if part)

    def _shape(self, level: Level) -> str:
        """The shape of what the path selects, as the editor shows it behind a query."""
        if level.node is not None:
            return shape_phrase(level.node.value)
        for mode_graph in self.graph.traced():
            node = select_alone(self.graph, mode_graph, level.path)
            if node is not None and how_selected(self.graph, mode_graph, level.path) != "several":
                return shape_phrase(node.value)
        return ""

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
        if run_phrase(self.graph, level.path):
            lines.append(f"not called for {input_phrase(self.graph)}")
        else:
            lines.append(modes_phrase(modes) or "in train and eval mode")
        shapes = self._shape(level) if level.node or not level.inner else module_shapes(self.graph, level.path)
        what_for = input_phrase(self.graph)
        if shapes:
            lines.append(f"{shapes}, for {what_for}" if what_for else shapes)
        source = self._class_source(level) if level.inner else node.source
        if source and not (level.inner and is_container(source)):
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
        "editable": call.call.extracts and not call.call.delegates,
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
    return Outline.of(session, state.graph, asked, call) if call and state and state.graph else None


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


def _summary(state: ModelState, call: CallAnalysis, asked: Asked, outline: Outline) -> str:
    """Which call the tree shows and edits, how many names it requests, and what its shapes are for.

    The title has the class alone, and a file may have five calls of models of one class.
    """
    model = " ".join(state.slice.model.split())
    if len(model) > _LONGEST_MODEL:
        model = f"{model[: _LONGEST_MODEL - 1]}…"
    parts = [f"Line {call.call.span.start.line + 1}: {model}"]
    if call.call.extracts:
        count = len({query.text for query in asked.call(call).queries})
        unit = "nodes" if any(outline.graph.traced()) else "modules"
        parts.append(f"{count} of {len(outline.names.nodes):,} {unit} selected")
    what_for = input_phrase(outline.graph)
    parts += [f"shapes for {what_for}".replace("`", "")] if what_for else []
    return " · ".join(parts)


def tree_source(
    session: Session, uri: str, client_position: types.Position | None, path: str, asked: Asked
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
    members = [each.rpartition(".")[2] for each in paths[first : first + PAGE]]
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
