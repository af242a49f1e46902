# Names kept as constants of a class, as members of an enumeration, and in tables made by `dict`.
# run: by_member(), by_table(), by_choice()
# queries: layer1 layer2.0.conv1 layer3 layer4
from enum import Enum

from torchvision.models import resnet18, resnet34
from torchvision.models.feature_extraction import create_feature_extractor

TABLE = dict(small=dict(make=resnet18, nodes=["layer3"]), big=dict(make=resnet34, nodes=["layer3.5"]))


class Names:
    LOW = "layer1"
    BLOCK = "layer2.0.conv1"


class Level(Enum):
    LOW = "layer1"
    HIGH = "layer4"


def by_member(level=Level.HIGH):
    return create_feature_extractor(resnet18(), {level.value: "x", Level.LOW.value: "y"})


def by_table(size="small"):
    entry = TABLE[size]
    return create_feature_extractor(entry["make"](), entry["nodes"])


def by_choice(small=True):
    make, node = (resnet18, "layer4") if small else (resnet34, "layer4.2")
    return create_feature_extractor(make(), [node])


create_feature_extractor(resnet18(), [Names.LOW, Names.BLOCK])
