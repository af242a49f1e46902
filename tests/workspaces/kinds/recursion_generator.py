from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

TABLE = ["layer1", ["layer2", ["layer3", "wrong"]]]
def flat(items):
    for item in items:
        if isinstance(item, list):
            yield from flat(item)
        else:
            yield item
create_feature_extractor(resnet18(), list(flat(TABLE)))
