# A `match` over the architecture.
# run: build('resnet18'), build('vgg')
# models: 2
# queries: layer1 features.3
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


def build(arch: str):
    match arch:
        case "resnet18":
            model = models.resnet18()
            nodes = ["layer1"]
        case "vgg11" | "vgg":
            model = models.vgg11()
            nodes = ["features.3"]
        case _:
            raise ValueError(arch)
    return create_feature_extractor(model, nodes)
