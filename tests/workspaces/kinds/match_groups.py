from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

import os.path
import re
arch, first = re.match(r"(\w+)@(.+)", "resnet18@layer1").groups()
second = re.search(r"(?P<name>layer\d)", "at layer2").group("name")
third, dot_fourth = os.path.splitext("layer3.0")
create_feature_extractor(resnet18(), [first, second, third, os.path.basename("runs/wrong"), third + dot_fourth])
create_feature_extractor(resnet18(), sorted({"layer1", "layer2"} ^ {"layer2", "layer4"}))
