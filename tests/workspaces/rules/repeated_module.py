"""Modules that run several times."""

from nets import Again
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(), ["layer1.0.relu"])
#                                      ^^^^^^^^^^^^^ repeated-module: runs twice
create_feature_extractor(resnet18(), ["layer1.0.relu_1"])
create_feature_extractor(Again(), ["conv"])
#                                   ^^^^ repeated-module: The others are `conv_1`, `conv_2`.
