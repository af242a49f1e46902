from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

import enum
class Level(enum.IntEnum):
    LOW = 1
    MID = 2
    HIGH = 4
create_feature_extractor(resnet18(), [f"layer{int(level)}" for level in (Level.LOW, Level.HIGH)] + ["wrong"])
create_feature_extractor(resnet18(), ["layer%d" % Level.MID, f"layer{Level.LOW + Level.MID}"])
