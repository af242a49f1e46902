# Two calls of one wrapper: each call's names belong to its own model.
# run: residual(), plain('cpu')
# models: 2
# queries: layer1 features.3 features.10
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


def tap(model, layers):
    return create_feature_extractor(model, return_nodes={layer: layer for layer in layers})


def residual():
    return tap(models.resnet18(), ["layer1"])


def plain(device):
    net = models.vgg11().to(device)
    names = ("features.3", "features.10")
    return tap(net, layers=names)
