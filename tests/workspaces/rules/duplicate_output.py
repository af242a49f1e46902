"""Two queries under one key."""

from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(), {"layer1": "feat", "layer2": "feat"})
#                                                        ^^^^^^ duplicate-output: `layer1` already uses
create_feature_extractor(resnet18(), {'layer1': 1, 'layer2': 1})
#                                                   ^^^^^^ duplicate-output: `layer1` already uses
create_feature_extractor(resnet18(), {"layer1": "a", "layer2": "b"})
