# A table of builders that the key of the call's site chooses from.
# models: 2
# queries: layer1 features.3
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

BUILDERS = {"resnet": lambda: models.resnet18(), "vgg": lambda: models.vgg11()}
NODES = {"resnet": ["layer1"], "vgg": ["features.3"]}


def build(kind):
    return create_feature_extractor(BUILDERS[kind](), NODES[kind])


resnet, vgg = build("resnet"), build("vgg")
