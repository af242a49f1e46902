from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

def generator():
    yield resnet18(), ["layer1"]
    yield vgg11(), ["features.1", "wrong"]
for m, names in generator():
    create_feature_extractor(m, names)
