"""Queries that pass torchvision's check as patterns."""

from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(), ["layer[12]"])
#                                      ^^^^^^^^^ pattern-query: selects nothing
create_feature_extractor(resnet18(), ["fc", "layer1.0.conv."])
#                                            ^^^^^^^^^^^^^^ pattern-query: selects nothing
create_feature_extractor(resnet18(), [".*"])
#                                      ^^ pattern-query: selects nothing
