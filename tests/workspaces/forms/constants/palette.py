# Names for other files: a wrong one is marked here, where it is written.
from dataclasses import dataclass, field

STEM = "layer"
EARLY = [f"{STEM}1", f"{STEM}2"]
LATE = {"layer3": "c", "layer5": "d"}
#                       ^^^^^^ unknown-node: layer4


class Setup:
    nodes = ["layer1", "layer6"]
    #                   ^^^^^^ unknown-node: layer4
    options = {"return_nodes": ["layer2", "layer7"]}
    #                                      ^^^^^^ unknown-node: layer4


@dataclass
class Run:
    arch: str = "resnet18"
    nodes: list = field(default_factory=lambda: ["layer1", "layer8"])
    #                                                       ^^^^^^ unknown-node: layer4
