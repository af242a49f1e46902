"""The graph view of the whole zoo: every edge is in exactly the levels that it crosses, and no two boxes overlap."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from zoo_models import TIMM, TORCHVISION, UNTRACEABLE, timm_model, torchvision_model

from fxlens import trace_model
from fxlens.graph import Dialect, ModelGraph

sys.path.insert(0, str(Path(__file__).parent.parent / "unit" / "graph"))
from level_edges import check_every_edge, check_no_overlap


def traced(graph: ModelGraph) -> ModelGraph:
    if not any(graph.traced()):
        pytest.skip("torch.fx cannot trace this model")
    return graph


@pytest.mark.parametrize("name", [name for name in TORCHVISION if name not in UNTRACEABLE])
def test_torchvision_model(name: str) -> None:
    graph = trace_model(torchvision_model(name), naming="torchvision", shapes=False)
    check_every_edge(graph)
    check_no_overlap(graph)
    assert all(one.outputs for one in graph.traced())


@pytest.mark.timm
@pytest.mark.parametrize("name", TIMM[::4])
@pytest.mark.parametrize("naming", ["timm", "fxlens"])
def test_timm_model(name: str, naming: Dialect) -> None:
    graph = traced(trace_model(timm_model(name), naming=naming, shapes=False))
    check_every_edge(graph)
    check_no_overlap(graph)
