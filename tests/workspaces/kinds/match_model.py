from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

import sys
def build(arch):
    match arch.split("-"):
        case ["resnet", depth] if depth == "18":
            return resnet18(), ["layer1", "wrong"]
        case ["vgg", *_]:
            return vgg11(), ["features.1"]
    raise ValueError(arch)
model, names = build("resnet-18")
create_feature_extractor(model, names)
