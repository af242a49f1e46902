from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

class Registry:
    _items = {}
    @classmethod
    def register(cls, name):
        def deco(fn):
            cls._items[name] = fn
            return fn
        return deco
    @classmethod
    def build(cls, name, *a, **k):
        return cls._items[name](*a, **k)
@Registry.register("r")
def _r(n=10): return resnet18(num_classes=n), ["layer1", "wrong"]
@Registry.register("v")
def _v(): return vgg11(), ["features.1"]
m, names = Registry.build("r", n=3)
create_feature_extractor(m, names)
