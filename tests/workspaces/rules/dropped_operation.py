"""In-place operations that pruning removes."""

from nets import Statement
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(Statement(), ["head"])
#                                       ^^^^ dropped-operation: Use the result of `relu`
create_feature_extractor(Statement(), ["relu"])
