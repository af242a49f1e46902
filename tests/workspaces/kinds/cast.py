from torch import nn
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

from typing import cast, Any
model = cast(nn.Module, resnet18())
names = cast("list[str]", ["layer1", "wrong"])
create_feature_extractor(cast(Any, model), names)
