from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

from typing import TypedDict
class Spec(TypedDict):
    make: object
    nodes: list
specs: "list[Spec]" = [{"make": resnet18, "nodes": ["layer1"]}, Spec(make=vgg11, nodes=["wrong"])]
for s in specs:
    create_feature_extractor(s["make"](), s["nodes"])
for make, nodes in map(lambda s: (s["make"], s["nodes"]), specs):
    create_feature_extractor(make(), nodes)
