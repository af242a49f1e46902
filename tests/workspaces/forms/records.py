# Named tuples, typed dicts and data classes: what was given, what stands as a default, what is replaced.
from collections import namedtuple
from dataclasses import dataclass, field, replace
from typing import Dict, List, NamedTuple, Optional, TypedDict

from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

Spec = namedtuple("Spec", ["ctor", "nodes"])
SPECS = [Spec(models.resnet18, ["layer1", "layer91"]), Spec(ctor=models.alexnet, nodes=["features.1"])]
#                                          ^^^^^^^ unknown-node
DEFAULTS = {"resnet18": ["layer2", "layer97"]}
#                                   ^^^^^^^ unknown-node


class Row(NamedTuple):
    name: str
    taps: tuple = ("layer2", "layer92")
    #                         ^^^^^^^ unknown-node


class Options(TypedDict):
    nodes: list


@dataclass
class Backbone:
    name: str = "resnet18"
    nodes: List[str] = field(default_factory=lambda: ["layer1"])
    mapping: Optional[Dict[str, str]] = None
    out: str = "layer4"


@dataclass(frozen=True)
class Config:
    backbone: Backbone = field(default_factory=Backbone)


@dataclass
class Filled:
    arch: str = "resnet18"
    nodes: Optional[list] = None

    def __post_init__(self):
        self.nodes = self.nodes or DEFAULTS[self.arch]


def build(config: Config):
    model = getattr(models, config.backbone.name)()
    nodes = config.backbone.mapping or {name: name for name in config.backbone.nodes}
    nodes[config.backbone.out] = "out"
    return create_feature_extractor(model, nodes)


class Encoder:
    """Made by a class method; its model is a property."""

    NODES = ["layer2", "layer98"]
    #                   ^^^^^^^ unknown-node

    def __init__(self):
        self.net = models.resnet18()

    @property
    def backbone(self):
        return self.net

    @property
    def extractor(self):
        return create_feature_extractor(self.backbone, self.NODES)

    @classmethod
    def ready(cls):
        made = cls()
        made.taps = create_feature_extractor(made.backbone, {"layer3": "f"})
        return made


for spec in SPECS:
    create_feature_extractor(spec.ctor(), spec.nodes)
for ctor, nodes in SPECS:
    create_feature_extractor(ctor(), nodes)
row = Row("resnet18")
name, taps = row
create_feature_extractor(models.get_model(name), list(taps))
create_feature_extractor(models.get_model(row.name), list(row.taps))
create_feature_extractor(models.resnet18(), Options(nodes=["layer3.0", "layer94"])["nodes"])
#                                                                       ^^^^^^^ unknown-node
build(Config())
build(Config(backbone=Backbone("alexnet", nodes=["features.2"], out="features.30")))
#                                                                    ^^^^^^^^^^^ unknown-node
build(replace(Config(), backbone=Backbone(name="resnet34", out="layer5")))
#                                                               ^^^^^^ unknown-node
create_feature_extractor(models.resnet18(), Filled().nodes)
create_feature_extractor(models.resnet18(), **{**{"return_nodes": ["layer1"]}, **{"return_nodes": ["layer48"]}})
#                                                                                                   ^^^^^^^ unknown-node
makers = {name: (lambda name=name: getattr(models, name)(weights=None)) for name in ("resnet18", "resnet34")}
create_feature_extractor(makers["resnet34"](), ["layer1"])
Encoder.ready().extractor
