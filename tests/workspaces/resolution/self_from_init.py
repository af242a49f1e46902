# The model and the names are attributes that `__init__` sets; the call is in another method.
# run: Encoder(3).build()
# models: 1
# queries: layer1 layer2
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


class Encoder(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.net = models.resnet18(num_classes=num_classes)
        self.net.fc = nn.Identity()
        self.nodes = {"layer1": "a"}
        self.nodes["layer2"] = "b"

    def build(self):
        return create_feature_extractor(self.net, self.nodes)
