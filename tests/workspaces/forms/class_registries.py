# Registries that the definition of a class fills.
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


class Registered:
    registry = {}
    nodes = ()

    def __init_subclass__(cls, key=None, **more):
        super().__init_subclass__(**more)
        cls.registry[key or cls.__name__] = cls


class Small(Registered):
    nodes = ["layer1", "layer71"]
#                       ^^^^^^^ unknown-node

    def make(self):
        return models.resnet18()


class Cnn(Registered, key="cnn"):
    nodes = ["features.1", "features.72"]
#                           ^^^^^^^^^^^ unknown-node

    def make(self):
        return models.alexnet()


class Meta(type):
    kinds = {}

    def __new__(mcs, name, bases, namespace, **more):
        kind = super().__new__(mcs, name, bases, namespace)
        if "nodes" in namespace:
            mcs.kinds[name.lower()] = kind
        return kind


class Base(metaclass=Meta):
    def make(self):
        return models.resnet18()


class Deep(Base):
    nodes = ["layer3", "layer73"]
#                       ^^^^^^^ unknown-node


for kind in Registered.registry.values():
    create_feature_extractor(kind().make(), kind.nodes)
create_feature_extractor(Registered.registry["cnn"]().make(), ["features.2"])
for kind in Meta.kinds.values():
    create_feature_extractor(kind().make(), kind.nodes)
