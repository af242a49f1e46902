from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

import sys
if sys.version_info >= (3, 8):
    names = ["layer1"]
else:
    names = ["bogus"]
create_feature_extractor(resnet18(), names)
if sys.version_info < (3, 0):
    create_feature_extractor(resnet18(), ["bogus"])
if sys.platform == "zz":
    create_feature_extractor(resnet18(), ["bogus2"])
