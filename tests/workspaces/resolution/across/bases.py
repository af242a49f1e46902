# A base class for other files: it builds the backbone by a name that it is given.
from torch import nn
from torchvision import models


class Backboned(nn.Module):
    def __init__(self, arch="resnet18"):
        super().__init__()
        self.backbone = getattr(models, arch)()


class Headed(Backboned):
    def tail(self):
        return self.backbone.layer4
