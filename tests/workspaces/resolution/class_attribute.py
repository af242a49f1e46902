# Names in a class attribute.
# run: Encoder()
# models: 1
# queries: layer1 layer2
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


class Encoder(nn.Module):
    NODES = ("layer1", "layer2")

    def __init__(self):
        super().__init__()
        self.net = create_feature_extractor(models.resnet18(), list(self.NODES))
