# A subclass that gives model and names to the wrapper it inherits from.
# run: ResNetTap()
# models: 1
# queries: layer1
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


class Tap(nn.Module):
    def __init__(self, model, layers):
        super().__init__()
        self.m = create_feature_extractor(model, layers)


class ResNetTap(Tap):
    def __init__(self):
        super().__init__(models.resnet18(), ["layer1"])
