# Names looked up in tables of the class and of the object, by keys that a loop goes through.
# run: Taps(), Chosen()
# calls: 2
# queries: layer1 layer2 layer3.0.conv1 layer4
from torch import nn
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor


class Taps(nn.Module):
    NODES = {"low": "layer1", "middle": "layer2", "high": "never.asked"}

    def __init__(self, levels=("low", "middle")):
        super().__init__()
        self.body = create_feature_extractor(resnet18(), [self.NODES[level] for level in levels])


class Chosen(nn.Module):
    def __init__(self):
        super().__init__()
        self.nodes = {"conv": "layer3.0.conv1", "deep": "layer4"}
        self.keys = ["conv", "deep"]
        net = resnet18()
        self.body = create_feature_extractor(net, {self.nodes[key]: key for key in self.keys})
