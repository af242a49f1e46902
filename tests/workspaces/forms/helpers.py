# Functions with branches, which give names and models.
# run: chosen("all"); chosen("final")
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


def pick(kind):
    if kind == "all":
        return ["layer1", "layer2"]
    elif kind in ("last", "final"):
        return ["layer4", "layer36"]
        #                  ^^^^^^^ unknown-node: layer3
    raise ValueError(kind)


def build(name, nodes=None):
    if nodes is None:
        nodes = pick("last")
    if name.startswith("resnet"):
        net = getattr(models, name)()
    elif name == "alexnet":
        net = models.alexnet()
        return create_feature_extractor(net, ["features.2"])
    else:
        raise NotImplementedError
    return create_feature_extractor(net, nodes)


build("resnet18")
build("resnet34", ["layer1", "layer37"])
#                             ^^^^^^^ unknown-node: layer3
build("alexnet")


def chosen(kind):
    return create_feature_extractor(models.resnet18(), pick(kind))
