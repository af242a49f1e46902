# Folders without `__init__.py`, and imports relative to them.
# module: zoo.tapped
from torchvision.models.feature_extraction import create_feature_extractor

from .deep import making
from .deep.making import make

create_feature_extractor(make(), ["layer1"])
create_feature_extractor(making.make(), ["layer1", "layer11"])
#                                                   ^^^^^^^ unknown-node: layer1
