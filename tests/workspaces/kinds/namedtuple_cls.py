from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

from typing import NamedTuple
class Spec(NamedTuple):
    make: object
    nodes: list = ["layer1"]
SPECS = [Spec(resnet18), Spec(vgg11, ["features.1", "wrong"])]
for make, nodes in SPECS:
    create_feature_extractor(make(), nodes)
for spec in SPECS:
    create_feature_extractor(spec.make(), spec.nodes)
