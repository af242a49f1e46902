from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

import functools

@functools.singledispatch
def tap(nodes):
    return create_feature_extractor(resnet18(), ["bogus"])

@tap.register
def _(nodes: list):
    return create_feature_extractor(resnet18(), nodes)

@tap.register(str)
def _(nodes):
    return create_feature_extractor(resnet18(), [nodes])

tap(["layer1", "wrong"])
tap("layer2")
