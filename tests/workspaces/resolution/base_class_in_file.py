# `self.x` and the names are set in the `__init__` of the base class.
# run: Net()
# models: 1
# queries: layer1 layer2
from torch import nn
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = resnet18()
        self.layers = ["layer1", "layer2"]
class Net(Base):
    def __init__(self):
        super().__init__()
        self.fx = create_feature_extractor(self.backbone, self.layers)
