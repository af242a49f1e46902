# What the decorators of the workspace are given, and what they make of it.
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


def tapped(function):
    def inner(*positional, **named):
        net, nodes = function(*positional, **named)
        return create_feature_extractor(net, nodes)

    return inner


@tapped
def small(number=1):
    return models.resnet18(), [f"layer{number}", "layer61"]
#                                                 ^^^^^^^ unknown-node


@tapped
def other():
    return models.alexnet(), {"features.1": 0, "features.62": 1}
#                                               ^^^^^^^^^^^ unknown-node


def with_layers(*layers):
    def decorate(kind):
        kind.layers = layers
        return kind

    return decorate


@with_layers("layer3", "layer63")
#                       ^^^^^^^ unknown-node
class Extractor:
    def __init__(self):
        self.net = models.resnet18()
        self.taps = create_feature_extractor(self.net, list(self.layers))


class Held:
    def __init__(self, arch, layer):
        self.model = getattr(models, arch)()
        self.layer = layer

    def taps(self):
        return create_feature_extractor(self.model, {self.layer: "f"})


def grab(*names, net=models.resnet18(), prefix=""):
    return create_feature_extractor(net, [prefix + name for name in names])
#                                         ^^^^^^^^^^^^^ unknown-node: no node `layer64`
#                                         ^^^^^^^^^^^^^ unknown-node: no node `layer2.5`


small(), small(2), other(), Extractor()
held = Held("resnet18", "layer1")
held.taps()
held.model = models.vgg11()
held.layer = "features.99"
#             ^^^^^^^^^^^ unknown-node
held.taps()
grab("layer1", "layer64")
grab("0", "5", prefix="layer2.")
