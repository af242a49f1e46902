# The model and its names depend on the same options: which of them belong together only a run can tell.
# evaluates: no
# queries: layer4.2 layer4.1 layer1 layer3.5
import argparse

from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

parser = argparse.ArgumentParser()
parser.add_argument("--deep", action="store_true")
options = parser.parse_args()
net = models.resnet50() if options.deep else models.resnet18()
last = "layer4.2" if options.deep else "layer4.1"
create_feature_extractor(net, {last: "x"})
names = ["layer1"]
if options.deep:
    names.append("layer3.5")
create_feature_extractor(net, names)
if options.deep:
    names = ["layer3.5"]
create_feature_extractor(net, names)
