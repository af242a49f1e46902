# Members of enumerations: one after another, by name, by value, as keys of tables, and in tests.
# run: tap(Depth.SHALLOW); tap(Depth.DEEP)
from enum import Enum

from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor


class Layer(Enum):
    LOW = "layer1"
    HIGH = "layer44"
    #       ^^^^^^^ unknown-node: layer4


class Stage(str, Enum):
    A = "layer3"
    B = "layer4"


class Depth(Enum):
    SHALLOW = ("layer1.0", 64)
    DEEP = ("layer9.0", 512)
    #        ^^^^^^^^ unknown-node

    @property
    def node(self):
        return self.value[0]

    @classmethod
    def parse(cls, text):
        return cls[text.upper()]


MORE = {Depth.SHALLOW: ["layer2.0"], Depth.DEEP: ["layer2.7"]}
#                                                  ^^^^^^^^ unknown-node: layer2.1


def tap(depth):
    if depth is Depth.DEEP:
        create_feature_extractor(model, ["layer4.1"])
    match depth:
        case Depth.SHALLOW:
            create_feature_extractor(model, ["layer1.1"])
        case Depth.DEEP:
            create_feature_extractor(model, ["layer77"])
            #                                 ^^^^^^^ unknown-node
    create_feature_extractor(model, [depth.node])
    return create_feature_extractor(model, MORE[depth])


model = resnet18()
create_feature_extractor(model, {each.value: each.name.lower() for each in Layer})
create_feature_extractor(model, [Layer["LOW"].value, Layer("layer1").value, Layer.LOW.value])
for stage in Stage:
    create_feature_extractor(model, {stage.value: stage.name})
create_feature_extractor(model, [each.node for each in Depth.__members__.values()])
tap(Depth.parse("deep"))
