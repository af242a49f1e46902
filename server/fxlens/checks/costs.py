"""How much of a model its extractor keeps: the parameters of what is left of the graph, and what that computes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from fxlens.checks.pruned_graph import kept, positions
from fxlens.graph import GraphNode, Mode, ModelGraph


@dataclass(frozen=True)
class Cost:
    """``parameters`` of the model's ``all_parameters`` are kept, and ``flops`` of ``all_flops`` are computed.

    Both are ``None`` where they cannot be told: parameters that several modules share, shapes that are not known. The
    parameters are those of all modes together, the FLOPs those of eval mode, or of train mode where only that is
    requested.
    """

    parameters: int | None
    all_parameters: int
    flops: int | None
    all_flops: int


def cost_of_extractor(graph: ModelGraph, selected: Mapping[Mode, Sequence[GraphNode]]) -> Cost:
    """What an extractor keeps that returns the nodes ``selected`` in each mode of ``graph``."""
    remaining: dict[Mode, list[GraphNode]] = {}
    for mode_graph in graph.traced():
        ends = positions(mode_graph, selected.get(mode_graph.mode, ()))
        remaining[mode_graph.mode] = [mode_graph.nodes[position] for position in kept(mode_graph, ends)]
    root = graph.modules_by_path.get("")
    everything = _parameters(graph, (node for mode_graph in graph.traced() for node in mode_graph.nodes))
    total = root.parameters if root else 0
    left = _parameters(graph, (node for nodes in remaining.values() for node in nodes))
    flops = all_flops = None
    for mode_graph in graph.traced():
        if flops is None and selected.get(mode_graph.mode) and all(node.value is not None for node in mode_graph.nodes):
            flops = sum(node.flops for node in remaining[mode_graph.mode])
            all_flops = sum(node.flops for node in mode_graph.nodes)
    return Cost(left if everything <= total else None, total, flops, all_flops or 0)


def _parameters(graph: ModelGraph, nodes: Iterable[GraphNode]) -> int:
    """The parameters of the modules that ``nodes`` call, and those that they read themselves; each once."""
    first = {alias.path: alias.module for alias in graph.aliases}
    modules: set[str] = set()
    read: dict[str, int] = {}
    for node in nodes:
        if node.op == "call_module":
            modules.add(first.get(node.target, node.target))
        elif node.op == "get_attr" and node.value is not None and node.value.shape is not None:
            read[node.target] = prod(node.value.shape)
    own = sum(module.parameters for path in modules if (module := graph.modules_by_path.get(path)))
    return own + sum(size for path, size in read.items() if path.rpartition(".")[0] not in modules)
