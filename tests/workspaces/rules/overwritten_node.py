"""Tensors that a later in-place operation overwrites."""

from nets import InPlace
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(InPlace(), ["norm", "head"])
#                                     ^^^^ overwritten-node: `norm` is overwritten before it is returned
create_feature_extractor(InPlace(), ["norm"])
create_feature_extractor(InPlace(), ["conv", "head"])
create_feature_extractor(resnet18(), ["bn1", "layer1"])
#                                      ^^^ overwritten-node: `bn1` is overwritten before it is returned
