from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

import os
DEBUG = os.environ.get("ZZ_DEBUG", "0") == "1"
names = ["bogus"] if DEBUG else ["layer1"]
create_feature_extractor(resnet18(), names)
if "ZZ_FLAG" in os.environ:
    create_feature_extractor(resnet18(), ["bogus2"])
if os.environ.get("ZZ_OTHER"):
    create_feature_extractor(resnet18(), ["bogus3"])
