from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

import os
layer = os.environ.get("ZZ_LAYER", "layer1")
create_feature_extractor(resnet18(), [layer])
create_feature_extractor(resnet18(), os.getenv("ZZ_LAYERS", "layer2,wrong").split(","))
