from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

pairs = ((make(), [name]) for make, name in ((resnet18, "layer1"), (vgg11, "features.1"), (vgg11, "wrong")))
for m, names in pairs:
    create_feature_extractor(m, names)
