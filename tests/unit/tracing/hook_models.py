"""An extractor by hooks, and models for it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from fxlens.tracing.extract.hooks import HookExtractor


def extractor(model: nn.Module, queries: Sequence[str] | dict[str, str]) -> HookExtractor:
    keys = queries if isinstance(queries, dict) else {query: query for query in queries}
    return HookExtractor(model, {"train": keys, "eval": keys})


def hooks_on(model: nn.Module) -> int:
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules())


class Block(nn.Module):
    """Not traceable: a branch on a value."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.relu, self.second = nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4)

    def forward(self, x):
        x = self.relu(self.first(x))
        if x.sum() > -1e9:
            x = self.relu(self.second(x))
        return x


X = torch.ones(2, 4)
