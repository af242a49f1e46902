from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

import re
create_feature_extractor(resnet18(), [re.sub(r"(\d)$", r"\1.0", "layer1")])
m = re.match(r"(\w+)\.(\d)", "layer2.1")
create_feature_extractor(resnet18(), [m.group(1)])
create_feature_extractor(resnet18(), re.findall(r"layer\d", "layer1 layer2 layer9"))
