from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

class Base:
    names = ["bogus"]
    make = staticmethod(vgg11)
    def run(self):
        return create_feature_extractor(self.make(), self.names)
class Res(Base):
    names = ["layer1", "wrong"]
    make = staticmethod(resnet18)
class Vgg(Base):
    names = ["features.1"]
for kind in (Res, Vgg):
    kind().run()
