"""Levels of real and of large models for ``bench_graph.mjs``, as JSON lines, and how long the server takes for them."""

from __future__ import annotations

import gc
import json
import time
import warnings

import timm
import torch
import torchvision

from fxlens import trace_model
from fxlens.graph import GraphNode, ModeGraph, ModelGraph, Value
from fxlens.levels import Level, Levels, child_id

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
    mode = ModeGraph("eval", tuple(made), {}, (("", len(made) - 1),))
    return ModelGraph("demo.Net", "torchvision", None, mode, ())


def write(name: str, graph: ModelGraph) -> None:
    """What the server does for a panel, in milliseconds of its processor: the first answer, and each further level."""
    # As the language server does when a graph has come.
    gc.collect()
    gc.freeze()
    begin = time.process_time()
    levels = Levels(graph, "eval")
    opened = levels.opened()
    json.dumps([levels.strip, *(levels.level(path) for path in ("", *opened))])
    first = time.process_time() - begin
    each = []
    everything: dict[str, Level | None] = {}
    waiting = [""]
    while waiting:
        identity = waiting.pop()
        begin = time.process_time()
        level = everything[identity] = levels.level(identity)
        json.dumps(level)
        each.append(time.process_time() - begin)
        if level:
            waiting += [child_id(level, at) for at, kind in enumerate(level["kinds"]) if kind == "g"]
    each.sort()
    milliseconds = {"first": first, "p95": each[int(len(each) * 0.95)], "most": each[-1]}
    facts = {"className": graph.class_name, "nodes": len(levels.nodes), "strip": levels.strip, "opened": opened}
    server = {key: value * 1000 for key, value in milliseconds.items()}
    print(json.dumps({"name": name, **facts, "server": server, "levels": everything}))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for real in REAL:
        write(real, traced(real))
    for large in LARGE:
        write(f"{large // 1000} k nodes", synthetic(large))
