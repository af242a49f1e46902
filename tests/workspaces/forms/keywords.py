# Names as keywords of a wrapper, and tables whose entries are made when they are first looked up.
from collections import defaultdict

from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


class Tap:
    def __init__(self, model, **names):
        self.model = create_feature_extractor(model, names)


def tap(model, **names):
    return create_feature_extractor(model, return_nodes=names)


Tap(models.resnet18(), layer1="low", layer7="high")
#                                    ^^^^^^ unknown-node: layer4
tap(models.resnet18(), avgpool="pooled", flaten="flat")
#                                        ^^^^^^ unknown-node: flatten
tap(models.resnet18(), **dict(layer1="low", layer9="high"))
#                                           ^^^^^^ unknown-node: layer4

by_arch = defaultdict(list)
for arch in ("resnet18", "resnet50"):
    by_arch[arch].append("layer1.1")
    by_arch[arch] += ["layer2.0", "layer3.6"]
#                                  ^^^^^^^^ unknown-node: layer3.1
for arch, names in by_arch.items():
    create_feature_extractor(models.get_model(arch), names)
