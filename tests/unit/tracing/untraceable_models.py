"""Models that torch.fx cannot trace, and the failure that tells why."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from tracing_models import conv

from fxlens import trace_model
from fxlens.graph import Failure

X = torch.randn(2, 3, 4, 4)


def failure_of(model: nn.Module, **options: Any) -> Failure:
    return trace_model(model, shapes=False, **options).failures[0]


def twice(x: torch.Tensor) -> torch.Tensor:
    return x * 2 if x.sum() > 0 else x


class Gate(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x if x.sum() > 0 else -x


class Gated(nn.Module):
    """A block with a part that cannot be traced, and one that can."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = conv()
        self.gate = Gate()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.gate(self.conv(x))
