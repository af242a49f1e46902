"""The Python layout puts everything where the page's own one, in TypeScript, puts it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision

from fxlens import trace_model
from fxlens.levels import Levels
from fxlens.picture.layout import Inside, Shown, lay_out, spread
from fxlens.picture.svg import line_of

NODE = shutil.which("node")


class TakingTurns(torch.nn.Module):
    """Two groups whose nodes alternate, and whose lines run backwards, too."""

    def __init__(self):
        super().__init__()
        self.one = torch.nn.ModuleList(torch.nn.Linear(4, 4) for _ in range(4))
        self.other = torch.nn.ModuleList(torch.nn.Linear(4, 4) for _ in range(4))

    def forward(self, x, y):
        first = x
        for one, other in zip(self.one, self.other, strict=True):
            x = other(one(x)).view(x.size(0), -1)
        return {"sum": x + first + y, "x": x}


def numbers(inside: Inside) -> dict[str, Any]:
    boxes = [
        [box.id, box.x, box.y, box.w, box.h, box.port, numbers(box.inside) if box.inside else None]
        for box in inside.boxes
    ]
    edges = []
    for edge in inside.edges:
        line = edge.line
        ends = [edge.source.id if edge.source else None, edge.reader.id if edge.reader else None]
        route = [line.route, line.turn, line.lane if line.route == "lane" else None]
        edges.append([*ends, edge.mark, line.back, line.x1, line.y1, line.x2, line.y2, *route, line_of(line, 7, 11)])
    return {"size": [inside.id, inside.w, inside.h, inside.port], "boxes": boxes, "edges": edges}


def samples() -> list[dict[str, Any]]:
    names = ("resnet18", "googlenet", "densenet121", "vit_b_16", "swin_t")
    with torch.device("meta"):
        arguments = {"googlenet": {"init_weights": False}}
        models = [torchvision.models.get_model(name, weights=None, **arguments.get(name, {})) for name in names]
        models.append(TakingTurns())
    made = []
    for model in models:
        levels = Levels(trace_model(model), None)
        everything = levels.all()
        for opened in (levels.opened(), list(everything)):
            made += [{"levels": everything, "open": opened, "quiet": quiet} for quiet in (False, True)]
    return made


@pytest.mark.skipif(NODE is None, reason="the page's layout is run by node")
def test_both_layouts_agree_in_every_number():
    asked = samples()
    script = Path(__file__).with_name("lay_out.mjs")
    answer = subprocess.run(
        [str(NODE), str(script)], input=json.dumps(asked), capture_output=True, encoding="utf-8", check=True
    )
    for sample, expected in zip(asked, json.loads(answer.stdout), strict=True):
        laid_out = numbers(lay_out(Shown(sample["levels"], set(sample["open"]), sample["quiet"])))
        assert laid_out == expected
    assert {edge[8] for inside in json.loads(answer.stdout) for edge in inside["edges"]} >= {"late", "lane"}


def test_equals_spread_around_the_place_that_all_want():
    assert spread([0, 0], [100], [1, 1]) == [-50, 50]


def test_a_heavy_box_stays_where_it_is():
    assert spread([0, 0], [100], [4096, 1]) == [0, 100]
