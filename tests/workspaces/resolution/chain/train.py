# A wrapper in a file, called by a class in another, made here.
# calls: 1
# queries: layer2 layer4
from backbone import Backbone
from torchvision.models import resnet18

NAMES = {"layer2": "c3", "layer4": "c5"}


def main():
    return Backbone(resnet18(), NAMES)
