from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

from functools import singledispatch
from torchvision.models import ResNet, VGG
@singledispatch
def tap(model):
    return create_feature_extractor(model, ["classifier"])
@tap.register
def _(model: ResNet):
    return create_feature_extractor(model, ["layer1", "wrong"])
@tap.register
def _(model: VGG):
    return create_feature_extractor(model, ["features.3"])
tap(resnet18())
tap(vgg11())
