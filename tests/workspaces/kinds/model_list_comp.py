from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

models = [f() for f in (resnet18, vgg11)]
names = {"ResNet": "layer1", "VGG": "wrong"}
ext = [create_feature_extractor(m, [names[type(m).__name__]]) for m in models]
ext2 = {type(m).__name__: create_feature_extractor(m, [n]) for m, n in zip(models, ["layer2", "features.3"])}
