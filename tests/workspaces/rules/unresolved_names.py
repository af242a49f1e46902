"""Names that are made of what nothing in sight gives."""

from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor


def features(count):
    names = [f"layer{i}" for i in range(1, count)]
    return create_feature_extractor(resnet18(), names)
    #                                           ^^^^^ unresolved-names: depends on the parameter `count`


def some(count):
    names = ["layer1", *(f"layer{i}" for i in range(2, count))]
    return create_feature_extractor(resnet18(), names)
    #                                           ^^^^^ unresolved-names: Other names of this call are not checked
