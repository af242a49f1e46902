# A table of constructors and their names, in tuples: unpacked, indexed, and gone through.
# run: unpacked(), indexed()
# queries: layer1 layer2 features.4
from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

BACKBONES = {"resnet": (resnet18, ["layer1", "layer2"]), "vgg": (vgg11, ["features.4"])}


def unpacked(name="resnet"):
    constructor, names = BACKBONES[name]
    return create_feature_extractor(constructor(), names)


def indexed(name="vgg"):
    return create_feature_extractor(BACKBONES[name][0](), BACKBONES[name][1])


for key, (make, layers) in BACKBONES.items():
    create_feature_extractor(make(), layers)
