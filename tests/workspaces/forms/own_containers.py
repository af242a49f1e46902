# Objects that are dicts, lists or texts, or behave like these; members of enumerations that are texts, too.
import importlib
import os
from dataclasses import asdict, dataclass, field
from enum import Enum

from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


class Options(dict):
    __getattr__ = dict.__getitem__


class Settings(dict):
    def __init__(self, *positional, **named):
        super().__init__(*positional, **named)
        self.__dict__ = self


class Names(list):
    def deep(self):
        return [name for name in self if not name.startswith("layer1")]


class Node(str):
    pass


class Spec:
    def __init__(self, arch, *nodes):
        self.arch, self.nodes = arch, nodes

    def __len__(self):
        return len(self.nodes)

    def __getitem__(self, at):
        return self.nodes[at]

    def __getattr__(self, name):
        return f"layer2.{name}"
#                ^^^^^^^^^^^^^ unknown-node: no node `layer2.bn7`


class Arch(str, Enum):
    RESNET = "resnet18"
    ALEXNET = "alexnet"

    @property
    def nodes(self):
        return {Arch.RESNET: ["layer1", "layer81"], Arch.ALEXNET: ["features.1"]}[self]
#                                        ^^^^^^^ unknown-node


@dataclass
class Taps:
    arch: str
    nodes: list = field(default_factory=lambda: ["layer1", "layer82"])
#                                                           ^^^^^^^ unknown-node


net = models.resnet18()
options = Options(arch="resnet18", nodes=["layer3", "layer83"])
#                                                    ^^^^^^^ unknown-node
create_feature_extractor(models.get_model(options.arch), options.nodes)
settings = Settings({"nodes": ["layer2"]}, extra=["layer84"])
#                                                  ^^^^^^^ unknown-node
create_feature_extractor(net, settings.nodes + settings["extra"])
create_feature_extractor(net, Names(["layer1", "layer2", "layer85"]).deep())
#                                                         ^^^^^^^ unknown-node
create_feature_extractor(net, [Node("layer2"), Node("layer86")])
#                                                    ^^^^^^^ unknown-node
spec = Spec("resnet18", "layer1", "layer87")
#                                  ^^^^^^^ unknown-node
create_feature_extractor(net, [spec[0]])
create_feature_extractor(net, [spec[at] for at in range(len(spec))])
create_feature_extractor(net, [spec.bn7])
for arch in Arch:
    create_feature_extractor(models.get_model(arch.value), arch.nodes)
create_feature_extractor(net, asdict(Taps("resnet18"))["nodes"])
library = importlib.import_module("torchvision.models")
create_feature_extractor(getattr(library, os.environ.get("FORM_ARCH", "resnet18"))(), ["layer2", "layer88"])
#                                                                                                 ^^^^^^^ unknown-node
create_feature_extractor(net, os.getenv("FORM_LAYERS", "layer1,layer89").split(","))
#                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ unknown-node: no node `layer89`
rows = [["layer1"], ["layer3", "layer99"]]
rows[1][1] = "layer90"
#             ^^^^^^^ unknown-node
del rows[0]
create_feature_extractor(net, rows[0])
