"""What ``fxlens nodes --stages`` prints."""

from __future__ import annotations

import json
from typing import Any

import click

from fxlens.graph import ModelGraph
from fxlens.stages import Stage, find_stages


def print_stages(graph: ModelGraph, form: str) -> None:
    """The stages of a model, from the input to the deepest; as JSON with everything that is known of each."""
    stages = find_stages(graph)
    if form == "json":
        shown: dict[str, Any] = {
            "sentence": stages.sentence,
            "stages": [_json(stage) for stage in stages.stages],
            "head": _json(stages.head) if stages.head else None,
            "blocks": [_json(stage) for stage in stages.blocks],
        }
        click.echo(json.dumps(shown, indent=2))
        return
    click.echo(f"# {stages.sentence}")
    rows = [(stage, stage.level or ("stem" if stage.stem else "")) for stage in stages.stages]
    rows += [(stages.head, "head")] if stages.head else []
    rows += [(block, "block") for block in stages.blocks]
    width = max((len(stage.query) for stage, _ in rows), default=0)
    for stage, level in rows:
        click.echo(f"1/{stage.reduction:<4}{stage.channels:>6}  {stage.query:<{width}}  {level}".rstrip())


def _json(stage: Stage) -> dict[str, Any]:
    return {
        "query": stage.query,
        "node": stage.node.name,
        "reduction": stage.reduction,
        "channels": stage.channels,
        "level": stage.level or None,
        "stem": stage.stem,
    }
