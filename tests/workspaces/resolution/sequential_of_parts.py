# `nn.Sequential` of a model's children.
# run: trunk()
# models: 1
# queries: 4 8
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


def trunk():
    net = models.resnet18()
    body = nn.Sequential(*list(net.children())[:-1])
    return create_feature_extractor(body, {"4": "low", "8": "pool"})
