"""Which expression of ``forward`` made a node: exact to the column where Python knows columns."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torchvision.models import resnet18

from fxlens.graph import Columns, SourceLine
from fxlens.tracing.describe.description import trace_model

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 keeps lines only")


class Nested(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(3, 8, 3, padding=1)
        self.b = nn.Conv2d(8, 8, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.blocks = nn.ModuleList([nn.Sequential(nn.Conv2d(8, 8, 1), nn.ReLU()) for _ in range(2)])
        self.head = nn.Sequential(nn.Sequential(nn.ReLU()), nn.Flatten())

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        "é" and (x := torch.relu(self.b(self.a(x)) + self.a(x)))  # columns are bytes
        for block in self.blocks:
            x = x + block(x)
        y, z = x.chunk(2, 1)
        x = torch.cat(
            [y * 2, self.pool(z).repeat(1, 1, 2, 2)],
            1,
        )
        return [each.sigmoid() for each in (x, self.head(z))]


def written(source: SourceLine | None, span: Columns | None) -> str:
    """The expression's text, its lines joined."""
    assert source
    assert span
    first, column, last, end = span
    lines = Path(source.file).read_bytes().splitlines()[source.line - 1 + first : source.line + last]
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][column:]
    return b" ".join(line.strip() for line in lines).decode()


def test_every_node_of_nested_calls_has_its_own_expression() -> None:
    graph = trace_model(Nested(), dialect="torchvision").eval
    assert graph
    found = {node.name: written(node.source, node.span) for node in graph.nodes[1:]}
    cat = "torch.cat( [y * 2, self.pool(z).repeat(1, 1, 2, 2)], 1, )"
    assert found == {
        "a": "self.a(x)",
        "b": "self.b(self.a(x))",
        "a_1": "self.a(x)",
        "add": "self.b(self.a(x)) + self.a(x)",
        "relu": "torch.relu(self.b(self.a(x)) + self.a(x))",
        "blocks.0.0": "block(x)",
        "blocks.0.1": "block(x)",
        "add_1": "x + block(x)",
        "blocks.1.0": "block(x)",
        "blocks.1.1": "block(x)",
        "add_2": "x + block(x)",
        "chunk": "x.chunk(2, 1)",
        "getitem": "y, z",
        "getitem_1": "y, z",
        "mul": "y * 2",
        "pool": "self.pool(z)",
        "repeat": "self.pool(z).repeat(1, 1, 2, 2)",
        "cat": cat,
        "head.0.0": "self.head(z)",
        "head.1": "self.head(z)",
        "sigmoid": "each.sigmoid()",
        "sigmoid_1": "each.sigmoid()",
    }
    sites = {site.path: written(site.source, site.span) for site in graph.sites}
    assert sites == {
        "blocks.0": "block(x)",
        "blocks.1": "block(x)",
        "head.0": "self.head(z)",
        "head": "self.head(z)",
    }


def test_all_calls_of_a_library_model_have_one() -> None:
    graph = trace_model(resnet18(), dialect="torchvision").eval
    assert graph
    spans = [node.span for node in graph.nodes if node.op != "placeholder"]
    assert len(spans) > 60
    assert all(spans)
    assert {site.path for site in graph.sites} >= {"layer1", "layer1.0", "layer4.0.downsample"}
