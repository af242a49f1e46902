from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

import functools
@functools.singledispatch
def nodes_of(model):
    raise TypeError(type(model))
@nodes_of.register
def _(names: list):
    return names
@nodes_of.register(str)
def _one(name):
    return [name]
create_feature_extractor(resnet18(), nodes_of("layer1"))
create_feature_extractor(resnet18(), nodes_of(["layer2", "wrong"]))
