# Names that subclasses set anew, and numbers that no caller leaves at their default value.
# names unresolved: only a run can tell
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor


class Base:
    layer = "to be set"
    names = ["to be set, too"]

    def __init__(self):
        self.one = create_feature_extractor(resnet18(), [self.layer])
        self.more = create_feature_extractor(resnet18(), {name: name for name in self.names})
        self.inner = create_feature_extractor(resnet18(), [f"{self.layer}.1"])


class Tap(Base):
    layer = "layer4"
    names = ["layer1"]


def stages(count=9):
    return create_feature_extractor(resnet18(), [f"layer{stage}" for stage in range(1, count)])


Tap()
stages(**{"count": 5})
