# A wrapper of a wrapper.
# models: 1
# queries: layer2.0.relu
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor


def inner(net, nodes):
    return create_feature_extractor(net, nodes)


def outer(backbone, layer):
    return inner(backbone, [layer])


features = outer(resnet18(), "layer2.0.relu")
