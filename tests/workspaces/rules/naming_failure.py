"""A model on which torchvision's naming crashes."""

from nets import Underscore
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(Underscore(), ["enc_norm"])
#                        ^^^^^^^^^^^^ naming-failure: Rename one of
