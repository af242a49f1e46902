from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

def jobs():
    yield resnet18(), ["layer1", "wrong"]
    yield vgg11(), ["features.1"]
it = jobs()
m, names = next(it)
create_feature_extractor(m, names)
m, names = next(it)
create_feature_extractor(m, names)
