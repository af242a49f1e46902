"""What the graph view shows of a model: one mode, both merged, or its modules; and the notes on single nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fxlens.graph import MODES, GraphNode, Mode, ModeGraph, ModelGraph
from fxlens.node_kinds import Kind, is_plumbing, kind_of, operation_text
from fxlens.queries import index, merge_modes


@dataclass(frozen=True)
class View:
    nodes: Sequence[GraphNode]
    modes: Sequence[tuple[Mode, ...]]
    inputs: Sequence[Sequence[tuple[int, tuple[Mode, ...]]]]
    outputs: Sequence[tuple[str, int, tuple[Mode, ...]]]


def view_of(graph: ModelGraph, mode: Mode | None) -> View:
    views = graph.views()
    if not views:
        return _hierarchy(graph)
    single = (graph.seen(mode) if mode else None) or views[0]
    if single.origin != "fx":
        return _calls(graph, single) if single.origin == "run" else _hierarchy(graph)
    traced = list(graph.traced())
    merged = merge_modes(graph) if graph.modes_differ and not graph.runs else ()
    modes_of = {modal.node.name: modal.modes for modal in merged}
    if mode or not merged:
        modes = [modes_of.get(node.name, MODES) for node in single.nodes]
        return View(
            single.nodes,
            modes,
            [[(source, MODES) for source in node.inputs] for node in single.nodes],
            [(key, at, MODES) for key, at in single.outputs],
        )
    return _merged(traced, [modal.node for modal in merged], [modal.modes for modal in merged])


def _merged(traced: Sequence[ModeGraph], nodes: Sequence[GraphNode], modes: Sequence[tuple[Mode, ...]]) -> View:
    positions = {node.name: at for at, node in enumerate(nodes)}
    inputs: list[dict[int, tuple[Mode, ...]]] = [{} for _ in nodes]
    outputs: dict[tuple[str, int], tuple[Mode, ...]] = {}
    for graph in traced:
        here = [positions[node.name] for node in graph.nodes]
        for at, node in zip(here, graph.nodes, strict=True):
            for source in node.inputs:
                inputs[at][here[source]] = (*inputs[at].get(here[source], ()), graph.mode)
        for key, at in graph.outputs:
            outputs[key, here[at]] = (*outputs.get((key, here[at]), ()), graph.mode)
    ends = [(key, at, modes_of) for (key, at), modes_of in outputs.items()]
    return View(nodes, modes, [tuple(sources.items()) for sources in inputs], ends)


def _calls(graph: ModelGraph, run: ModeGraph) -> View:
    """The calls of a run, in its order, as nodes without edges: of the modules that called no others in it."""
    called = [node for node in run.nodes if node.name in run.returned.get(node.target, ())]
    outer = {node.target[:at] for node in called for at, letter in enumerate(node.target) if letter == "."}
    nodes = [node for node in called if node.target not in outer]
    others = [other for other in graph.runs if other.mode != run.mode]
    names = [index(other).by_name for other in others]
    modes = [MODES if all(node.name in other for other in names) else (run.mode,) for node in nodes]
    return View(nodes, modes, [()] * len(nodes), ())


def _hierarchy(graph: ModelGraph) -> View:
    """The modules that hold no others, as nodes without edges: of a model without a graph that is what can be seen."""
    parents = {module.path.rpartition(".")[0] for module in graph.modules if module.path}
    nodes = [
        GraphNode(module.path, "call_module", module.path, module_class=module.class_name)
        for module in graph.modules
        if module.path and module.path not in parents
    ]
    return View(nodes, [MODES] * len(nodes), [()] * len(nodes), ())


class Facts:
    """Kind, plumbing and operation of nodes: thousands of nodes have a few dozen of them."""

    def __init__(self) -> None:
        self._cached: dict[tuple[str, str, str | None, str | None], tuple[Kind, bool, str]] = {}

    def of(self, node: GraphNode) -> tuple[Kind, bool, str]:
        target = "" if node.module_class else node.target
        key = node.op, target, node.module_class, node.value.kind if node.value else None
        facts = self._cached.get(key)
        if facts is None:
            facts = self._cached[key] = kind_of(node), is_plumbing(node), operation_text(node)
        return facts


def notes_of(nodes: Sequence[GraphNode]) -> dict[int, str]:
    """The note on the card of a module's call: which of several it is; whose it is, if its name tells another."""
    calls: dict[str, list[int]] = {}
    for at, node in enumerate(nodes):
        if node.op == "call_module":
            calls.setdefault(node.target, []).append(at)
    notes: dict[int, str] = {}
    for target, positions in calls.items():
        module = target.rpartition(".")[2]
        for number, at in enumerate(positions, 1):
            name = nodes[at].name
            if name != target and not name.startswith(f"{target}_"):
                notes[at] = f"module {module}"
            elif len(positions) > 1:
                notes[at] = f"{_ordinal(number)} of {len(positions)} runs"
    return notes


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ending}"
