"""Models whose extractors are edited, scripted, compiled and copied."""

from __future__ import annotations

from typing import Any

import torch
import torchvision
from torch import nn
from tracing_models import net

from fxlens import create_feature_extractor

IMAGE = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def resnet() -> nn.Module:
    torch.manual_seed(0)
    return torchvision.models.resnet18(weights=None).eval()


def extractor_of(model: nn.Module, queries: Any, **options: Any) -> Any:
    return create_feature_extractor(model, queries, suppress_diff_warning=True, **options)


def branching() -> nn.Module:
    return net(lambda s, x: s.head(x) + 1 if s.training else s.head(x) * 3, head=nn.Linear(4, 4))


def both() -> Any:
    return create_feature_extractor(branching(), train_return_nodes={"add": "out"}, eval_return_nodes={"mul": "out"})


X = torch.randn(2, 4, generator=torch.Generator().manual_seed(0))


def assert_same(found: Any, expected: Any) -> None:
    assert list(found) == list(expected)
    for key, value in expected.items():
        assert torch.allclose(found[key].detach(), value.detach(), atol=1e-6), key
