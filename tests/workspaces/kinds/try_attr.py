from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

import torchvision
try:
    make = torchvision.models.no_such_net
    nodes = ["bogus"]
except AttributeError:
    make = torchvision.models.resnet18
    nodes = ["layer1"]
create_feature_extractor(make(), nodes)
