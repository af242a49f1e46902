"""Stages and strides as the editor shows them: computed once for each graph, and kept on it."""

from __future__ import annotations

from fxlens.derived import kept_on
from fxlens.graph import ModelGraph
from fxlens.grids import find_grids
from fxlens.receptive_fields import receptive_fields
from fxlens.stages import Stage, Stages, find_stages


def stages_of(graph: ModelGraph) -> Stages:
    """The stages of a graph: see :func:`fxlens.stages.find_stages`."""
    return kept_on(graph, "stages", lambda: find_stages(graph))


def stride_phrase(graph: ModelGraph, name: str) -> str:
    """``1/8`` for a node whose grid is the input's, reduced 8 times; nothing for full size and without a grid."""
    reduction = kept_on(graph, "reductions", lambda: _reductions(graph)).get(name, 1)
    return f"1/{reduction}" if reduction > 1 else ""


def _reductions(graph: ModelGraph) -> dict[str, int]:
    return {
        node.name: grid.reduction
        for mode_graph in reversed(list(graph.traced()))  # eval last: it counts where both have a node
        for node, grid in zip(mode_graph.nodes, find_grids(mode_graph.nodes), strict=True)
        if grid is not None
    }


def field_phrase(graph: ModelGraph, name: str) -> str:
    """``receptive field 91`` for a map behind the input; nothing for what is not a map."""
    return kept_on(graph, "fields", lambda: _fields(graph)).get(name, "")


def _fields(graph: ModelGraph) -> dict[str, str]:
    return {
        node.name: f"receptive field {field.phrase}"
        for mode_graph in reversed(list(graph.traced()))
        for node, field in zip(mode_graph.nodes, receptive_fields(mode_graph), strict=True)
        if field is not None and node.op != "placeholder"
    }


def stage_phrase(graph: ModelGraph, name: str) -> str:
    """What a node is among the stages: ``stage c3, 1/8 of the input, 512 channels``; else its stride alone."""
    stages = stages_of(graph)
    for stage in stages.stages:
        if stage.node.name == name and stage.reduction > 1:
            what = "inside the stem" if stage.stem else f"stage {stage.level}".strip()
            return f"{what}, 1/{stage.reduction} of the input, {stage.channels:,} channels"
    head = stages.head
    if head is not None and head.node.name == name:
        return f"head behind the stages, 1/{head.reduction} of the input, {head.channels:,} channels"
    stride = stride_phrase(graph, name)
    return f"{stride} of the input" if stride else ""


def lens_phrase(graph: ModelGraph) -> str:
    """``c2 1/4 256 · c3 1/8 512``, or ``1/16 768, 12 blocks`` for one scale; nothing where there are none."""
    stages = stages_of(graph)
    if stages.blocks:
        (stage,) = stages.stages
        return f"1/{stage.reduction} {stage.channels:,}, {len(stages.blocks)} blocks"
    return " · ".join(map(_short, stages.pyramid))


def _short(stage: Stage) -> str:
    return f"{stage.level} 1/{stage.reduction} {stage.channels:,}".strip()
