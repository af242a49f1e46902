"""The sidebar's tree: the dotted hierarchy of the model of the call nearest the cursor, down to nodes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from lsprotocol import types

from fxlens.checks.wording import sentences
from fxlens.engine.analysis import CallAnalysis, ModelState
from fxlens.explanations import modes_with
from fxlens.graph import GraphNode, Mode, ModelGraph, SourceLine
from fxlens.lsp.documents import Document
from fxlens.lsp.session import Session, main_state, nearest_call
from fxlens.lsp.words import modes_phrase, node_phrase, place_phrase, shape_phrase
from fxlens.queries import Level, NameIndex, merged_index

Json: TypeAlias = dict[str, Any]
Kind: TypeAlias = Literal["module", "leaf", "op", "input", "parameter"]


@dataclass(frozen=True)
class Outline:
    """A model graph as a tree of dotted levels, both modes merged in one execution order."""

    graph: ModelGraph
    names: NameIndex

    @staticmethod
    def of(graph: ModelGraph) -> Outline:
        return Outline(graph, merged_index(graph))

    def children(self, path: str) -> list[Json]:
        return [self._item(level) for level in self.names.levels(path)]

    def root(self) -> Json:
        nodes = len(self.names.nodes)
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
            "source": _location(source),
            "hasChildren": level.inner,
        }

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
            lines.append(f"as a query it selects its last node, `{level.last.name}` ({node_phrase(level.last)})")
        else:
            lines.append(node_phrase(level.node))
        node = level.node or level.last
        if node.op == "call_module" and not level.inner and not _same_module(node):
            lines.append(f"the output of module `{node.target}`")
        lines.append(modes_phrase(modes) or "in train and eval mode")
        source = self._class_source(level) if level.inner else node.source
        if source:
            lines.append(place_phrase(source))
        return "\n\n".join(lines)


def tree(session: Session, uri: str, client_position: types.Position | None) -> Json:
    """The answer to ``fxlens/tree``: the state of the model nearest the position, and its root."""
    opened = session.open_file(uri)
    if opened is None:
        return _answer("none", "Open a Python file with a feature-extraction call.")
    document, analysis = opened
    call = nearest_call(analysis, document.position(client_position) if client_position else None)
    if call is None:
        return _answer("none", "This file has no call of `create_feature_extractor` or `get_graph_node_names`.")
    return _of_call(document, call)


def tree_children(session: Session, uri: str, client_position: types.Position | None, parent: str) -> list[Json]:
    """The answer to ``fxlens/treeChildren``: what stands one level below ``parent``."""
    opened = session.open_file(uri)
    if opened is None:
        return []
    document, analysis = opened
    call = nearest_call(analysis, document.position(client_position) if client_position else None)
    state = main_state(call) if call else None
    return Outline.of(state.graph).children(parent) if state and state.graph else []


def _of_call(document: Document, call: CallAnalysis) -> Json:
    where: Json = {"callRange": _range(document.client_range(call.call.span)), "dialect": call.call.dialect}
    state = main_state(call)
    if state is None:
        unresolved = call.call.unresolved
        explanation = sentences(unresolved.reason, unresolved.remedy) if unresolved else "No model found."
        return _answer("none", explanation, **where)
    common: Json = {"model": state.slice.model, **where}
    if state.graph is None:
        return _answer(*_without_graph(state), **common)
    if not state.graph.traced():
        return _answer("none", _failure_text(state) or "The model cannot be traced.", **common)
    built = Outline.of(state.graph)
    status = "ready" if state.current_graph else "stale"
    message = _failure_text(state) if status == "stale" else None
    return _answer(status, message, className=state.graph.class_name, root=built.root(), **common)


def _without_graph(state: ModelState) -> tuple[str, str]:
    if state.status in ("waiting", "tracing"):
        return "pending", f"Tracing `{state.slice.model}` …"
    return "none", _failure_text(state) or f"No graph of `{state.slice.model}`."


def _failure_text(state: ModelState) -> str | None:
    failures = [state.failure] if state.failure else list(state.graph.failures if state.graph else ())
    return sentences(failures[0].message, failures[0].remedy) if failures else None


def _answer(state: str, message: str | None, **known: Any) -> Json:
    empty: Json = {"model": None, "className": None, "callRange": None, "dialect": None, "root": None}
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


def _location(source: SourceLine | None) -> Json | None:
    if source is None or not Path(source.file).is_absolute():
        return None
    return {"uri": Path(source.file).as_uri(), "line": source.line - 1}


def _range(value: types.Range) -> Json:
    return {
        "start": {"line": value.start.line, "character": value.start.character},
        "end": {"line": value.end.line, "character": value.end.character},
    }
