# The model comes from a method of the base class.
# run: Net().build()
# models: 1
# queries: 3 8
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

class Base(nn.Module):
    def make(self):
        return models.vgg16()
    def setup(self):
        self.net = self.make()
class Net(Base):
    def build(self):
        return create_feature_extractor(self.make().features, {"3": "a", "8": "b"})
