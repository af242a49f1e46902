from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

import json
names = json.loads('["layer1", "layer2"]')
create_feature_extractor(resnet18(), names)
