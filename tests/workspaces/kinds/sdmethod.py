from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

from functools import singledispatchmethod
class Taps:
    @singledispatchmethod
    def nodes(self, arg):
        return ["bogus"]
    @nodes.register
    def _(self, arg: int):
        return [f"layer{arg}"]
    @nodes.register
    def _(self, arg: str):
        return [arg, "wrong"]
t = Taps()
create_feature_extractor(resnet18(), t.nodes(2))
create_feature_extractor(resnet18(), t.nodes("layer3"))
