"""What each node computes, against torch's counter on the whole model."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from fxlens.tracing.describe.description import trace_model


class Mixed(nn.Module):
    """Layers by formula, functions, methods, a product of matrices, one dimension, and no batch."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, 2, 1, groups=1)
        self.depthwise = nn.Conv2d(8, 8, 3, 1, 2, dilation=2, groups=8)
        self.up = nn.ConvTranspose2d(8, 4, 2, 2)
        self.line = nn.Conv1d(4, 4, 3)
        self.fc = nn.Linear(30, 5)
        self.attention = nn.MultiheadAttention(30, 2, batch_first=True)

    def forward(self, x):
        x = F.relu(self.up(self.depthwise(self.conv(x))))
        x = F.conv2d(x, self.up.weight[:4].transpose(0, 1))
        x = self.line(x.mean(3)[:, :, :32])
        x, _ = self.attention(x, x, x)
        y = self.line(F.pad(x, (1, 1)).squeeze(0))
        return self.fc(x) @ self.fc(x).transpose(1, 2), x.bmm(x.mT), torch.einsum("bij,bkj->bik", x, x), y


@pytest.mark.parametrize(
    "build", [Mixed, torchvision.models.resnet18, torchvision.models.vit_b_16, torchvision.models.swin_t]
)
def test_the_sum_is_that_of_torchs_counter(build: Any) -> None:
    model = build().eval().to("meta")
    graph = trace_model(model, naming="torchvision", example_input=(1, 3, 224, 224)).eval
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.empty(1, 3, 224, 224, device="meta"))
    assert graph is not None
    assert sum(node.flops for node in graph.nodes) == counter.get_total_flops() > 0
