# Everything is a parameter; the literals are at the wrapper's call.
# models: 1
# queries: layer1 layer4
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


class Tap(nn.Module):
    def __init__(self, model, layers):
        super().__init__()
        self.m = create_feature_extractor(model, layers)


if __name__ == "__main__":
    tap = Tap(models.resnet18(), ["layer1", "layer4"])
