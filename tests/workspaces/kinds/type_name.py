from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

TABLE = {"ResNet": ["layer1", "wrong"], "VGG": ["features.1"]}
for m in (resnet18(), vgg11()):
    create_feature_extractor(m, TABLE[type(m).__name__])
    create_feature_extractor(m, TABLE[m.__class__.__name__])
