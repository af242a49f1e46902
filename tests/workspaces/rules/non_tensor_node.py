"""Nodes that yield no tensor."""

from nets import Sizes
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(Sizes(), ["size"])
#                                   ^^^^ non-tensor-node: an `int`
create_feature_extractor(Sizes(), ["lstm"])
#                                   ^^^^ non-tensor-node: a `tuple`
create_feature_extractor(Sizes(), ["split"])
#                                   ^^^^^ non-tensor-node: a `tuple`
create_feature_extractor(Sizes(), ["reshape"])
