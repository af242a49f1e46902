from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

class C:
    def __init__(self): self._n = ["bogus"]
    @property
    def n(self): return self._n
    @n.setter
    def n(self, v): self._n = [x.strip() for x in v.split(",")]
c = C()
c.n = "layer1, wrong"
create_feature_extractor(resnet18(), c.n)
