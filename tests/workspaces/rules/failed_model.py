"""A model whose code fails."""

from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(width=2), ["layer1"])
#                        ^^^^^^^^^^^^^^^^^ failed-model: width
