# Names that other modules bind in pairs, in steps, or return.
import importlib

import levels
from levels import DEEP, FIRST, SAME, SECOND, options
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

net = models.resnet18()
create_feature_extractor(net, levels.SHALLOW)
create_feature_extractor(net, DEEP)
create_feature_extractor(net, [FIRST, SECOND, *levels.REST])
create_feature_extractor(net, levels.TABLE["late"])
create_feature_extractor(net, levels.LISTED)
create_feature_extractor(net, levels.GROWN)
create_feature_extractor(net, SAME)
create_feature_extractor(net, options()["nodes"])
create_feature_extractor(net, importlib.import_module("levels").REST)
