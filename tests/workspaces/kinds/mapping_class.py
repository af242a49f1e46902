from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

from collections.abc import Mapping
class Frozen(Mapping):
    def __init__(self, **entries):
        self._entries = dict(entries)
    def __getitem__(self, key):
        return self._entries[key]
    def __iter__(self):
        return iter(self._entries)
    def __len__(self):
        return len(self._entries)
class Listed:
    def keys(self):
        return ["layer3", "layer4"]
    def __getitem__(self, key):
        return key.upper()
names = Frozen(layer1="low", wrong="none")
create_feature_extractor(resnet18(), {key: value for key, value in names.items()})
create_feature_extractor(resnet18(), dict(names))
create_feature_extractor(resnet18(), {**Listed(), "layer2": names.get("layer1")})
