from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

import importlib.util
if importlib.util.find_spec("absent_library_zz") is not None:
    nodes = ["bogus"]
else:
    nodes = ["layer3", "wrong"]
create_feature_extractor(resnet18(), nodes)
