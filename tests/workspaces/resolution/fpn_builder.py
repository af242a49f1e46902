# An FPN: the backbone by name from a registry function, names from a default dict.
# run: FPNBackbone()
# models: 1
# queries: layer1 layer2 layer3 layer4
from collections import OrderedDict

import torch
from torch import nn
from torchvision.models import get_model
from torchvision.models.feature_extraction import create_feature_extractor
from torchvision.ops import FeaturePyramidNetwork

DEFAULT_LAYERS = {"layer1": "0", "layer2": "1", "layer3": "2", "layer4": "3"}


class FPNBackbone(nn.Module):
    def __init__(self, name: str = "resnet18", out_channels: int = 256, return_layers=None):
        super().__init__()
        if return_layers is None:
            return_layers = DEFAULT_LAYERS
        backbone = get_model(name, weights=None)
        self.body = create_feature_extractor(backbone, return_nodes=return_layers)
        with torch.no_grad():
            channels = [f.shape[1] for f in self.body(torch.rand(1, 3, 64, 64)).values()]
        self.fpn = FeaturePyramidNetwork(channels, out_channels)

    def forward(self, x):
        return self.fpn(OrderedDict(self.body(x)))
