# Of two arms, two rounds or two callers each has a call of its own: no name takes another one's node.
# run: by_flag(True), by_flag(False), by_name("a"), by_name("b")
# queries: layer4 layer4.1 layer4.2
from torchvision.models import resnet18, resnet34
from torchvision.models.feature_extraction import create_feature_extractor


def by_flag(deep):
    net = resnet18()
    if deep:
        nodes = ["layer4"]
    else:
        nodes = ["layer4.1"]
    return create_feature_extractor(net, nodes)


def by_name(name):
    if name == "a":
        net, nodes = resnet18(), ["layer4"]
    else:
        net, nodes = resnet34(), ["layer4.2"]
    return create_feature_extractor(net, nodes)


def one(layer):
    return create_feature_extractor(resnet18(), [layer])


for layer in ["layer4", "layer4.1"]:
    create_feature_extractor(resnet18(), {layer: "x"})
    one(layer)
one("layer4")
one("layer4.1")
