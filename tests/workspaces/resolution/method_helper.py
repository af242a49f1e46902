# A method of the same class builds the model.
# run: Net()
# models: 1
# queries: layer1
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


class Net(nn.Module):
    def __init__(self, depth=18):
        super().__init__()
        self.depth = depth
        net = self._build()
        self.body = create_feature_extractor(net, ["layer1"])

    def _build(self):
        return getattr(models, f"resnet{self.depth}")()
