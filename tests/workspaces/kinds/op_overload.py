from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

class Nodes:
    def __init__(self, names): self.names = list(names)
    def __add__(self, other): return Nodes(self.names + other.names)
    def __or__(self, other): return Nodes([*self.names, other])
    def __iter__(self): return iter(self.names)
    def __len__(self): return len(self.names)
    def __getitem__(self, i): return self.names[i]
    def __contains__(self, x): return x in self.names
n = Nodes(["layer1"]) + Nodes(["layer2"]) | "wrong"
create_feature_extractor(resnet18(), list(n))
create_feature_extractor(resnet18(), [n[0]])
if "layer9" in n:
    create_feature_extractor(resnet18(), ["bogus"])
