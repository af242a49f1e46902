# `given if given is not None else default`, and names of the class.
# run: Net()
# models: 1
# queries: layer1 layer2
from torch import nn
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

class Net(nn.Module):
    nodes = {"layer1": "a", "layer2": "b"}
    net = None
    def __init__(self, backbone: nn.Module = None):
        super().__init__()
        self.backbone = backbone if backbone is not None else resnet18()
        self.fx = create_feature_extractor(self.backbone, self.nodes)
