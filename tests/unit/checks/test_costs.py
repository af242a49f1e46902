"""What an extractor keeps, against the extractor that torchvision makes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torchvision
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models.feature_extraction import create_feature_extractor

from fxlens.checks.costs import Cost, cost_of_extractor
from fxlens.graph import GraphNode
from fxlens.queries import select_all
from fxlens.tracing.describe.description import trace_model

SHAPE = (1, 3, 64, 64)


class Mixed(nn.Module):
    """A parameter that ``forward`` reads, one that belongs to a module that it calls, and a module called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.scale = nn.Parameter(torch.ones(8, 1, 1))
        self.twice = nn.Conv2d(8, 8, 1)
        self.unused = nn.Linear(4, 4)
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        x = self.twice(self.twice(self.conv(x)) * self.scale) + self.conv.bias[:, None, None]
        return self.head(x.mean((2, 3)))


class Shared(nn.Module):
    """One parameter in two modules: how much is kept cannot be told by adding up."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(64, 64), nn.Linear(64, 64)
        self.second.weight = self.first.weight

    def forward(self, x):
        return self.second(self.first(x))


def cost(model: nn.Module, names: list[str]) -> Cost:
    graph = trace_model(model, naming="torchvision", example_input=SHAPE)
    selected: dict[str, list[GraphNode]] = {}
    for mode_graph in graph.traced():
        nodes = select_all(mode_graph, names, "torchvision").values()
        selected[mode_graph.mode] = [node for node in nodes if node]
    return cost_of_extractor(graph, selected)


@pytest.mark.parametrize(
    ("build", "names"),
    [
        (torchvision.models.resnet18, ["layer1"]),
        (torchvision.models.resnet18, ["layer2.0", "layer3.1.conv1"]),
        (torchvision.models.resnet18, ["fc"]),
        (torchvision.models.mobilenet_v2, ["features.3"]),
        (torchvision.models.swin_t, ["features.1"]),
        (torchvision.models.densenet121, ["features.denseblock2"]),
        (lambda: torchvision.models.googlenet(init_weights=False), ["inception4a"]),
        (Mixed, ["mul"]),
        (Mixed, ["conv"]),
        (Mixed, ["add"]),
        (Mixed, ["head"]),
    ],
)
def test_what_is_kept_is_what_torchvision_keeps(build: Callable[[], nn.Module], names: list[str]) -> None:
    model = build().to("meta")
    kept = cost(model, names)
    extractor = create_feature_extractor(model, names).eval()
    assert kept.parameters == sum(parameter.numel() for parameter in extractor.parameters())
    assert kept.all_parameters == sum(parameter.numel() for parameter in model.parameters())
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        extractor(torch.empty(SHAPE, device="meta"))
    assert kept.flops == counter.get_total_flops() > 0
    assert kept.flops <= kept.all_flops


def test_shared_parameters_are_not_added_up() -> None:
    assert cost(Shared(), ["first"]).parameters is None
