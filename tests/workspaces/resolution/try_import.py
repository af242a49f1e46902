# Imports with a fallback, a guarded import, and `TYPE_CHECKING`.
# run: build()
# models: 1
# queries: layer1
from __future__ import annotations

from typing import TYPE_CHECKING

try:
    from torchvision.models import resnet18
except ImportError:
    resnet18 = None
if TYPE_CHECKING:
    from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor


def build() -> nn.Module:
    model: nn.Module = resnet18()
    return create_feature_extractor(model, ["layer1"])
