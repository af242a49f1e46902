"""A model graph as the rows of a tree: dotted levels of one mode or both, cut into pages, down to nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, TypeAlias

from fxlens.engine.analysis import CallAnalysis, ModelState
from fxlens.explanations import modes_with
from fxlens.graph import MODES, GraphNode, Mode, ModelGraph, SourceLine
from fxlens.lsp.definition import is_container
from fxlens.lsp.session import Session, main_state
from fxlens.lsp.source_locations import client_line, place_phrase
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

_GROUP = "\0"
"""Stands in the id of a group between the path of its level and the number of its first row."""


@dataclass(frozen=True)
class ViewOptions:
    """What a view shows of a model: the nodes of one mode or of both, and those whose names hold a text.

    ``model`` picks among the models of a call that has several. ``plumbing`` says whether nodes without tensors (sizes,
    flags, checks) are among them; those that the call requests always are.
    """

    mode: Mode | None = None
    text: str = ""
    model: int | None = None
    plumbing: bool = True

    @staticmethod
    def of(params: Mapping[str, Any]) -> ViewOptions:
        mode, model = params.get("mode"), params.get("model")
        return ViewOptions(
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
    def of(session: Session, graph: ModelGraph, asked: ViewOptions, call: CallAnalysis) -> Outline:
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
