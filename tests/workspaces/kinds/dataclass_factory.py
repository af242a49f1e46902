from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

from dataclasses import dataclass, field
def default_nodes():
    return ["layer1", "wrong"]
@dataclass
class Config:
    arch: str = "resnet18"
    nodes: list = field(default_factory=default_nodes)
    extra: dict = field(default_factory=lambda: {"layer2": "b"})
cfg = Config()
create_feature_extractor(resnet18(), cfg.nodes)
create_feature_extractor(resnet18(), cfg.extra)
cfg2 = Config(nodes=["layer3"])
create_feature_extractor(resnet18(), cfg2.nodes)
