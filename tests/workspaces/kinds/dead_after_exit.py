from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

import sys
def main(flag):
    if flag:
        names = ["bogus"]
        sys.exit(0)
    else:
        names = ["layer1"]
    create_feature_extractor(resnet18(), names)
main(False)
