from torch import nn
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = resnet18()
    def __getattr__(self, k):
        try:
            return super().__getattr__(k)
        except AttributeError:
            return getattr(super().__getattr__("backbone"), k)
m = M()
create_feature_extractor(m.backbone, ["layer1", "wrong"])
