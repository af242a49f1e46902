# The extractor is made when it is first asked for.
# run: Lazy().fx()
# models: 1
# queries: layer1
from torch import nn
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

class Lazy(nn.Module):
    def __init__(self):
        super().__init__()
        self._fx = None
        self.net = resnet18()
    def fx(self):
        if self._fx is None:
            self._fx = create_feature_extractor(self.net, ["layer1"])
        return self._fx
