"""The card of a call: what its model is, its stages and its modes; shown on the function's name and on the model."""

from __future__ import annotations

from collections.abc import Iterator

from fxlens.engine.analysis import CallAnalysis, FileAnalysis
from fxlens.graph import ModelGraph
from fxlens.lsp.session import main_state
from fxlens.lsp.stage_views import field_phrase, stages_of
from fxlens.lsp.words import count, input_phrase, module_count
from fxlens.source.model import Position, Span
from fxlens.stages import Stage

_MOST_BLOCKS = 4


def call_card(analysis: FileAnalysis, position: Position) -> tuple[str, Span] | None:
    """The Markdown of the card at a position, and what it is of; ``None`` where no name of a known call stands."""
    for call in analysis.calls:
        spans = (call.call.callee, call.call.model_span)
        span = next((each for each in spans if each is not None and each.contains(position)), None)
        if span is None or call.call.delegates:
            continue
        text = _card(call)
        return (text, span) if text else None
    return None


def _card(call: CallAnalysis) -> str:
    state = main_state(call)
    graph = state.graph if state else None
    if graph is None or not (any(graph.traced()) or graph.runs):
        return ""
    if not any(graph.traced()):
        return "\n\n".join(filter(None, (_head(graph), _modules(call, graph), _input(graph))))
    return "\n\n".join(filter(None, (_head(graph), _modes(graph), _stages(graph), _input(graph))))


def _head(graph: ModelGraph) -> str:
    root = graph.modules_by_path.get("")
    parameters = f" · {count(root.parameters)} parameters" if root and root.parameters else ""
    return f"**{graph.class_name.rpartition('.')[2]}**{parameters}"


def _modes(graph: ModelGraph) -> str:
    counts = {mode_graph.mode: len(mode_graph.nodes) for mode_graph in graph.traced()}
    if len(counts) == 1:
        ((mode, nodes),) = counts.items()
        return f"{nodes:,} nodes in {mode} mode only"
    if graph.modes_differ:
        return f"{counts['train']:,} nodes in train mode, {counts['eval']:,} in eval mode"
    return f"{counts['eval']:,} nodes, the same in train and eval mode"


def _modules(call: CallAnalysis, graph: ModelGraph) -> str:
    """What hooks can read of a model without a graph: its stages are nodes of one."""
    why = next((failure.message for failure in graph.failures), "")
    modules = f"{module_count(graph):,} modules"
    said = f"{modules}, read by hooks" if call.by_hooks(graph) else f"no nodes; {modules} that hooks could read"
    untraced = "torch.fx cannot trace the model"
    return f"{said}: {untraced}" + (f" ({why})" if why else "")


def _stages(graph: ModelGraph) -> str:
    stages = stages_of(graph)
    lines = [stages.sentence, *(f"- {line}" for line in _lines(graph, stages.stages))]
    if stages.head is not None:
        lines.append(f"- head: {_line(graph, stages.head)}")
    if stages.blocks:
        shown = stages.suggested_blocks[:_MOST_BLOCKS]
        lines.append(f"- {len(stages.blocks)} blocks, such as {', '.join(f'`{block.query}`' for block in shown)}")
    return "\n".join(lines)


def _lines(graph: ModelGraph, stages: tuple[Stage, ...]) -> Iterator[str]:
    for stage in stages:
        name = "in the stem" if stage.stem else stage.level
        yield f"{name}: {_line(graph, stage)}" if name else _line(graph, stage)


def _line(graph: ModelGraph, stage: Stage) -> str:
    field = field_phrase(graph, stage.node.name)
    line = f"1/{stage.reduction}, {stage.channels:,} channels, `{stage.query}`"
    return f"{line}, {field}" if field else line


def _input(graph: ModelGraph) -> str:
    what_for = input_phrase(graph)
    return f"_Shapes for {what_for}._" if what_for else ""
