from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

class Base:
    def names(self):
        raise NotImplementedError
    def build(self):
        return resnet18()
    @property
    def extractor(self):
        return create_feature_extractor(self.build(), self.names())
class Sub(Base):
    def names(self):
        return ["layer1", "wrong"]
Sub().extractor
