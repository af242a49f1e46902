"""Small models for the tests of tracing, and how to build one from a lambda."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn


def net(forward: Callable[..., Any], /, **parts: Any) -> nn.Module:
    """A module with ``parts`` as attributes; ``forward`` gets it as its first argument."""

    class Net(nn.Module):
        pass

    Net.forward = forward  # type: ignore[method-assign]
    module = Net()
    for name, part in parts.items():
        if isinstance(part, nn.Module):
            module.add_module(name, part)
        else:
            setattr(module, name, part)
    return module


def named(forward: Callable[..., Any], parts: dict[str, nn.Module]) -> nn.Module:
    """As :func:`net`, for module names that are no Python identifiers."""
    module = net(forward)
    for name, part in parts.items():
        module.add_module(name, part)
    return module


def with_buffer(forward: Callable[..., Any], name: str, value: torch.Tensor) -> nn.Module:
    module = net(forward)
    module.register_buffer(name, value)
    return module


def conv() -> nn.Conv2d:
    return nn.Conv2d(3, 3, 1)


class Block(nn.Module):
    """Four nodes: conv, relu, an addition, a functional relu."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.conv = conv()
        self.relu = nn.ReLU(inplace)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.relu(self.conv(x)) + 1)


class Residual(nn.Module):
    """Ends in an in-place ReLU, like torchvision's blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = conv()
        self.bn = nn.BatchNorm2d(3)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.relu(self.bn(self.conv(x)))
        return self.relu(out + x)


class Stages(nn.Module):
    """Two stages of two blocks, a head, and an auxiliary head in train mode only."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = conv()
        self.layer1 = nn.Sequential(Block(), Block())
        self.layer2 = nn.Sequential(Residual(), Residual())
        self.layer10 = Block()
        self.head = nn.Linear(3, 2)
        self.aux = nn.Linear(3, 2)
        self.unused = nn.Linear(3, 2)
        self.attention = nn.MultiheadAttention(3, 1)

    def forward(self, x: torch.Tensor) -> Any:
        x = self.layer10(self.layer2(self.layer1(self.stem(x))))
        x = x.mean((2, 3))
        x, _ = self.attention(x, x, x)
        if self.training:
            return self.head(x), self.aux(x)
        return self.head(x)


def asserting(s: Any, x: torch.Tensor) -> Any:
    """Stands here because pytest rewrites the assertions of test files."""
    assert x.dim() == 4, "images"  # here
    return x
