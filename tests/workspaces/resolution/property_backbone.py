# The model is a property of the class.
# run: Net().fx()
# models: 1
# queries: layer1
from torch import nn
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self._m = resnet18()
    @property
    def backbone(self):
        return self._m
    def fx(self):
        return create_feature_extractor(self.backbone, ["layer1"])
