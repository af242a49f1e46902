from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

TABLE = {"resnet18": ["layer1", "wrong"], "vgg11": ["features.1"]}
for make in (resnet18, vgg11):
    create_feature_extractor(make(), TABLE[make.__name__])
