# Registries that decorators fill.
# run: built("small"); looked_up("r34")
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

KNOWN = {}


def register(name):
    def keep(function):
        KNOWN[name] = function
        return function

    return keep


@register("r18")
def r18():
    return models.resnet18()


@register("r34")
def r34():
    return models.resnet34()


class Registry:
    def __init__(self):
        self._functions = {}

    def register(self, function):
        self._functions[function.__name__] = function
        return function

    def build(self, name, *args, **kwargs):
        return self._functions[name](*args, **kwargs)


BACKBONES = Registry()


@BACKBONES.register
def small(weights=None):
    return models.mobilenet_v2(weights=weights).features


def looked_up(name):
    return create_feature_extractor(KNOWN[name](), ["layer1", "layer32"])
    #                                                          ^^^^^^^ unknown-node: layer3


def built(name):
    return create_feature_extractor(BACKBONES.build(name), ["18", "20"])
    #                                                              ^^ unknown-node: 18


create_feature_extractor(KNOWN["r18"](), ["layer1", "layer33"])
#                                                    ^^^^^^^ unknown-node: layer3
create_feature_extractor(BACKBONES.build("small"), ["18"])
