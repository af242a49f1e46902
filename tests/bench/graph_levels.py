"""Levels of real and of large models for ``bench_graph.mjs``, as JSON lines: the name, the nodes, the levels.

Also says how long the server takes for a level, on standard error.
"""

from __future__ import annotations

import json
import sys
import time
import warnings

import timm
import torch
import torchvision

from fxlens import trace_model
from fxlens.graph import GraphNode, ModeGraph, ModelGraph, Value
from fxlens.levels import Levels

REAL = ("resnet50", "vit_b_16", "swin_v2_b", "densenet201", "inception_v3", "timm:hrnet_w32")
LARGE = (10_000, 50_000)


def traced(name: str) -> ModelGraph:
    with torch.device("meta"):
        if name.startswith("timm:"):
            model = timm.create_model(name.removeprefix("timm:"))
        else:
            arguments = {"init_weights": False} if name == "inception_v3" else {}
            model = torchvision.models.get_model(name, weights=None, **arguments)
    return trace_model(model, naming="torchvision")


def synthetic(nodes: int) -> ModelGraph:
    """Stages of blocks of ten nodes, each with a skip connection, in groups of a hundred blocks."""
    value = Value("tensor", (1, 64, 56, 56))
    made: list[GraphNode] = [GraphNode("x", "placeholder", "x", value=value)]
    steps = ("conv1", "bn1", "relu", "conv2", "bn2", "relu_1", "conv3", "bn3", "add", "relu_2")
    while len(made) < nodes:
        block = len(made) // 10
        start = len(made) - 1
        for step in steps:
            inputs = (len(made) - 1, start) if step == "add" else (len(made) - 1,)
            name = f"stages.{block // 100}.{block % 100}.{step}"
            made.append(GraphNode(name, "call_function", f"demo.{step}", inputs=inputs, value=value))
    one = ModeGraph("eval", tuple(made), {}, (("", len(made) - 1),))
    return ModelGraph("demo.Net", "torchvision", None, one, ())


def write(name: str, graph: ModelGraph) -> None:
    begin = time.perf_counter()
    levels = Levels(graph, "eval")
    levels.level("")
    first = time.perf_counter()
    everything = levels.all()
    each = (time.perf_counter() - first) / len(everything)
    took = f"{(first - begin) * 1000:7.1f} ms for the first level, {each * 1000:6.2f} ms for each further one (mean)"
    print(f"  {name:16} {took}", file=sys.stderr)
    graph_ = {"className": graph.class_name, "nodes": len(levels.nodes), "strip": levels.strip}
    print(json.dumps({"name": name, **graph_, "opened": levels.opened(), "levels": everything}))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for real in REAL:
        write(real, traced(real))
    for large in LARGE:
        write(f"{large // 1000} k nodes", synthetic(large))
