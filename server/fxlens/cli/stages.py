"""What ``fxlens nodes --stages`` prints."""

from __future__ import annotations

import json
from typing import Any

import click

from fxlens.graph import ModelGraph
from fxlens.receptive_fields import ReceptiveField, receptive_fields
from fxlens.stages import Stage, find_stages


def print_stages(graph: ModelGraph, form: str) -> None:
    """The stages of a model, from the input to the deepest; as JSON with everything that is known of each."""
    stages = find_stages(graph)
    fields = _fields(graph)
    if form == "json":
        shown: dict[str, Any] = {
            "sentence": stages.sentence,
            "stages": [_json(stage, fields) for stage in stages.stages],
            "head": _json(stages.head, fields) if stages.head else None,
            "blocks": [_json(stage, fields) for stage in stages.blocks],
        }
        click.echo(json.dumps(shown, indent=2))
        return
    click.echo(f"# {stages.sentence}")
    rows = [(stage, stage.level or ("stem" if stage.stem else "")) for stage in stages.stages]
    rows += [(stages.head, "head")] if stages.head else []
    rows += [(block, "block") for block in stages.blocks]
    width = max((len(stage.query) for stage, _ in rows), default=0)
    for stage, level in rows:
        field = fields.get(stage.node.name)
        sees = f"receptive field {field.phrase}".replace("`", "") if field else ""
        click.echo(f"1/{stage.reduction:<4}{stage.channels:>6}  {stage.query:<{width}}  {level:<5}  {sees}".rstrip())


def _fields(graph: ModelGraph) -> dict[str, ReceptiveField]:
    """The receptive fields of the mode that the stages are of."""
    mode_graph = next(iter(graph.traced()), None)
    fields = zip(mode_graph.nodes, receptive_fields(mode_graph), strict=True) if mode_graph else ()
    return {node.name: field for node, field in fields if field is not None}


def _json(stage: Stage, fields: dict[str, ReceptiveField]) -> dict[str, Any]:
    field = fields.get(stage.node.name)
    return {
        "query": stage.query,
        "node": stage.node.name,
        "reduction": stage.reduction,
        "channels": stage.channels,
        "level": stage.level or None,
        "stem": stage.stem,
        "receptive_field": [field.height, field.width] if field and field.height else None,
        "global_by": field.global_by or None if field else None,
        "unknown_behind": field.unknown_behind or None if field else None,
    }
