from torch import nn
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

import functools
class Wrap(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.ModuleDict({"body": resnet18()})
w = Wrap()
create_feature_extractor(w.backbone["body"], ["layer1", "wrong"])
create_feature_extractor(functools.reduce(getattr, ["layer1", "0"], w.backbone.body), ["conv1"])
