# What the cases of `match` bind and exclude, chains of comparisons, and bodies of `try` that always raise.
from dataclasses import dataclass

from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


@dataclass
class Spec:
    arch: str
    nodes: list


def build(kind, depth=18):
    match kind, depth:
        case "resnet", 18 | 34 as layers:
            return getattr(models, f"resnet{layers}")(), ["layer1", "layer1.7"]
        #                                                            ^^^^^^^^ unknown-node: layer1.2
        case "resnet", layers if layers > 100:
            return models.resnet101(), ["layer3.22", "layer3.30"]
        #                                             ^^^^^^^^^ unknown-node: layer3.22
        case str() as name, None:
            return models.get_model(name), ["avgpool"]
        case Spec(arch=arch, nodes=[first, *others]), _:
            return models.get_model(arch), [first] + others
        case {"arch": arch, "nodes": nodes, **_more}, _:
            return models.get_model(arch), nodes
        case _:
            raise ValueError(kind)


def pick(number):
    match number:
        case 1 | 2: name = "layer1" if number else "layer8"; return [name]  # fmt: skip
        case 3 if number < 0 or len([number]) == 1:
            return ["layer3"]
        case -1:
            return ["layer4"]
        case list() | tuple():
            return [f"layer{i}" for i in number]
        case None:
            return ["layer33"]
    return ["fc"]


LISTED = {"arch": "alexnet", "nodes": ["features.12", "features.13"], "size": 3}
#                                                      ^^^^^^^^^^^ unknown-node: features.12
SPEC = Spec("mnasnet0_5", ["layers.3", "layers.99"])
#                                       ^^^^^^^^^ unknown-node: layers.16
for arguments in (("resnet", 34), ("resnet", 101), ("googlenet", None), (SPEC, 1), (LISTED, 0)):
    model, nodes = build(*arguments)
    create_feature_extractor(model, nodes)
for number in (1, 3, -1, (3, 4), 17):
    create_feature_extractor(models.resnet18(), pick(number))

try:
    model, nodes = build("nothing")
except ValueError:
    model, nodes = models.resnet18(), ["layer2", "layer22"]
#                                                 ^^^^^^^ unknown-node: layer4
else:
    nodes = ["layer77"]
create_feature_extractor(model, nodes)

low, high = 1, 4
create_feature_extractor(model, ["layer1" if 0 < low <= 3 < high else "layer44"])


def show(verbose, mode="plain"):
    if verbose and mode == "all":
        create_feature_extractor(model, ["layer55"])
    if not verbose or mode == "plain":
        create_feature_extractor(model, ["layer3", "layer31"])
    #                                               ^^^^^^^ unknown-node: layer4


show("nothing" in nodes)
