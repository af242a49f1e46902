from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

names = ["layer1", "layer2"]
if len(names) > 3:
    names = ["bogus"]
assert len(names) == 2
if not names:
    names = ["bogus"]
create_feature_extractor(resnet18(), names)
create_feature_extractor(resnet18(), names[:1] if len(names) == 2 else ["bogus"])
