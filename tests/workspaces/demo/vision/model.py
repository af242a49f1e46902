"""A classifier with dropout and an auxiliary head that only training uses."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    """Two convolutions around a residual connection."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.relu = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.relu(self.conv1(x))
        return self.relu(self.conv2(out) + x)


class AuxNet(nn.Module):
    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 3, stride=2, padding=1)
        self.stage1 = nn.Sequential(Block(32), Block(32))
        self.aux_head = nn.Linear(32, num_classes)
        self.stage2 = nn.Sequential(Block(32), Block(32))
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(32, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        x = self.stage1(self.stem(x))
        aux = self.aux_head(x.mean((2, 3))) if self.training else None
        x = F.adaptive_avg_pool2d(self.stage2(x), 1).flatten(1)
        x = self.head(self.dropout(x))
        return x if aux is None else (x, aux)
