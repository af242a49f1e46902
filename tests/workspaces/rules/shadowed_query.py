"""Queries that take each other's nodes."""

from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(), ["layer4", "layer4.1"])
#                                                ^^^^^^^^ shadowed-query: so it gets `layer4.1.add` instead
#                                                ^^^^^^^^ overwritten-node: `layer4.1.add` is overwritten before it is returned
create_feature_extractor(resnet18(), {"layer4": "b", "layer4.1.relu_1": "c"})
#                                                     ^^^^^^^^^^^^^^^ shadowed-query: its key will be missing
create_feature_extractor(resnet18(), ["layer4.0", "layer4.1"])
create_feature_extractor(resnet18(), ["layer3.1.bn2", "avgpool", "layer4", "layer4.1.relu_1"])
#                                                                           ^^^^^^^^^^^^^^^ shadowed-query: its key will be missing
