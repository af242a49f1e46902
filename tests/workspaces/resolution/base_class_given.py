# The base class is given the model and the names; its own default is another model's.
# run: Net()
# models: 1
# queries: layer1 layer3
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

class Base(nn.Module):
    def __init__(self, backbone, layers=("layer1",)):
        super().__init__()
        self.backbone = backbone
        self.layers = layers
class Net(Base):
    def __init__(self, pretrained=False):
        super().__init__(models.resnet34(weights=None), layers=("layer3",))
        self.fx = create_feature_extractor(self.backbone, {k: k for k in self.layers})
