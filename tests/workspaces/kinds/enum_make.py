from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

from enum import Enum
class Arch(Enum):
    RES = ("resnet18", ["layer1", "wrong"])
    VGG = ("vgg11", ["features.1"])
    def __init__(self, fn, nodes):
        self.fn = fn
        self.nodes = nodes
import torchvision
for arch in Arch:
    create_feature_extractor(getattr(torchvision.models, arch.fn)(), arch.nodes)
