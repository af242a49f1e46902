from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

REG = {}
class Base:
    def __init_subclass__(cls, key=None, **kw):
        super().__init_subclass__(**kw)
        REG[key or cls.__name__] = cls
class A(Base, key="a"):
    names = ["layer1", "wrong"]
class B(Base):
    names = ["layer2"]
create_feature_extractor(resnet18(), REG["a"].names)
create_feature_extractor(resnet18(), REG["B"]().names)
