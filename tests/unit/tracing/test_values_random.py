"""Generated models full of in-place writes and views: every module path gives what its hook sees."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hook_values import equal, hook_values
from torch import nn

from fxlens import create_feature_extractor, trace_model


def through_a_view(x: torch.Tensor) -> torch.Tensor:
    x.view(-1).mul_(0.5)
    return x


def by_operator(x: torch.Tensor) -> torch.Tensor:
    half = x[:2]
    half += 1
    return x


def unused_result(x: torch.Tensor) -> torch.Tensor:
    y = x * 1
    torch.sigmoid_(y)
    return y


FUNCTIONS = (
    through_a_view,
    by_operator,
    unused_result,
    lambda x: x.relu_(),
    lambda x: F.relu(x, inplace=True),
    lambda x: x + 1,
    lambda x: torch.sigmoid(x),
    lambda x: x.reshape(2, -1).t().contiguous().view(-1),
    lambda x: torch.cat([x[2:], x[:2]]),
    lambda x: F.dropout(x, training=False),
)


class Writer(nn.Module):
    """Calls children and functions in turn; keeps an earlier value and adds it in the end; may return a structure."""

    def __init__(self, choose: random.Random, depth: int) -> None:
        super().__init__()
        self.steps: list[Any] = []
        for at in range(choose.randint(1, 5)):
            if choose.random() < 0.5:
                self.steps.append(choose.choice(FUNCTIONS))
                continue
            if depth and choose.random() < 0.6:
                self.add_module(f"child_{at}", Writer(choose, depth - 1))
            else:
                kinds = [nn.ReLU(inplace=True), nn.ReLU(), nn.Identity(), nn.Flatten(0), nn.Dropout(), nn.Linear(4, 4)]
                self.add_module(f"child_{at}", choose.choice(kinds))
            self.steps += [f"child_{at}"] * choose.choice([1, 1, 2])
        self.keeps = choose.random() < 0.4
        self.structure = choose.choice([None, None, None, "tuple", "dict"])

    def forward(self, x: torch.Tensor) -> Any:
        kept = x
        for step in self.steps:
            x = self._modules[step](x) if isinstance(step, str) else step(x)
            if isinstance(x, tuple):
                x = x[0]
            elif isinstance(x, dict):
                x = x["value"]
        if self.keeps:
            x = x + kept
        return {None: x, "tuple": (x, kept), "dict": {"value": x, "kept": kept}}[self.structure]


@pytest.mark.parametrize("block", range(6))
def test_generated_models(block: int) -> None:
    compared = 0
    for seed in range(block * 40, block * 40 + 40):
        torch.manual_seed(seed)
        model = Writer(random.Random(seed), 2).eval()
        x = torch.randn(4)
        seen = hook_values(model, (x,))
        graph = trace_model(model, shapes=False).eval
        assert graph is not None
        paths = [path for path in seen if path in graph.returned]
        compared += len(paths)
        with torch.no_grad():
            together = create_feature_extractor(model, paths, suppress_diff_warning=True)(x.clone())
            assert [path for path in paths if not equal(seen[path], together[path])] == [], seed
            for path in paths[:: max(1, len(paths) // 4)]:
                alone = create_feature_extractor(model, [path], suppress_diff_warning=True)(x.clone())
                assert equal(seen[path], alone[path]), (seed, path)
    assert compared > 60
