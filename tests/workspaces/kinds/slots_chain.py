from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

class B:
    def __init__(self): self.nodes = []; self.make = None
    def use(self, make): self.make = make; return self
    def at(self, *n): self.nodes.extend(n); return self
    def build(self): return create_feature_extractor(self.make(), self.nodes)
B().use(resnet18).at("layer1").at("layer2", "wrong").build()
