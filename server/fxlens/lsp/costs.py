"""The cost of a call in words: the tooltip of its code lens."""

from __future__ import annotations

from fxlens.checks.costs import cost_of_extractor
from fxlens.engine.analysis import CallAnalysis, ModelState
from fxlens.graph import GraphNode, Mode
from fxlens.lsp.words import count, input_phrase


def cost_phrase(analysis: CallAnalysis, state: ModelState | None) -> str:
    """``The extractor keeps 8.54 M of 25.6 M parameters …``; nothing where what it requests is not certain."""
    graph = state.current_graph if state else None
    call = analysis.call
    if graph is None or len(analysis.models) != 1 or call.dialect == "children" or not call.queries:
        return ""
    if analysis.by_hooks(graph):
        return "Hooks run the whole model: the extractor keeps all of it."
    selected = _selected(analysis, state) if state else None
    if selected is None:
        return ""
    cost = cost_of_extractor(graph, selected)
    parts = []
    if cost.parameters is not None and cost.all_parameters:
        parts.append(f"{_of(cost.parameters, cost.all_parameters)} parameters")
    if cost.flops is not None and cost.all_flops:
        flops = _of(cost.flops, cost.all_flops, billion="G")
        parts.append(f"{flops} FLOPs, as torch counts them for {input_phrase(graph)}")
    return f"The extractor keeps {' and '.join(parts)}." if parts else ""


def _selected(analysis: CallAnalysis, state: ModelState) -> dict[Mode, list[GraphNode]] | None:
    """The nodes that the call returns in each mode; ``None`` where it may request others, or one does not exist."""
    call, graph = analysis.call, state.current_graph
    sure = call.complete and call.names_unresolved is None and not call.unpacks and call.unresolved is None
    if graph is None or call.function != "create_feature_extractor" or not sure:
        return None
    if any(len(call.asked_with(query)) != 1 for query in call.queries):
        return None
    selected: dict[Mode, list[GraphNode]] = {}
    for mode_graph in graph.traced():
        texts = list(dict.fromkeys(query.text for query in call.queries if mode_graph.mode in query.modes))
        nodes = list(analysis.selected(graph, mode_graph, texts).values())
        if not all(nodes):
            return None
        selected[mode_graph.mode] = [node for node in nodes if node is not None]
    return selected


def _of(part: int, whole: int, billion: str = "B") -> str:
    return f"all {count(whole, billion)}" if part == whole else f"{count(part, billion)} of {count(whole, billion)}"
