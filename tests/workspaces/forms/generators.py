# Generators: each item that is yielded, with what stands beside it.
from torchvision.models import alexnet, mobilenet_v3_small, resnet18, resnet34
from torchvision.models.feature_extraction import create_feature_extractor


def candidates(small=False):
    yield resnet18(), ["layer1", "layer41"]
    #                             ^^^^^^^ unknown-node: layer4
    if small:
        yield mobilenet_v3_small(), ["features.3", "features.12"]
    yield from ((alexnet(), [name]) for name in ("features.1", "features.2"))


def stages(prefix, count):
    for number in range(1, count + 1):
        yield f"{prefix}{number}"
        #       ^^^^^^^^^^^^^^^^ unknown-node: no node `layer5`


def builders():
    for make in (resnet18, resnet34):
        yield make()


class Taps:
    def __init__(self, *names):
        self.names = names

    def __iter__(self):
        yield from self.names


for model, names in candidates(small=True):
    create_feature_extractor(model, names)
for net in builders():
    create_feature_extractor(net, list(stages("layer", 5)))
create_feature_extractor(next(builders()), [*Taps("layer2", "layer26")])
#                                                            ^^^^^^^ unknown-node: layer2
