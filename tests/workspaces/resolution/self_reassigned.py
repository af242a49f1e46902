# An attribute that the call itself assigns anew: the earlier value is meant.
# run: Encoder()
# models: 1
# queries: features.1 features.3
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = models.swin_t(weights="DEFAULT")
        self.enc = create_feature_extractor(self.enc, {"features.1": "s1", "features.3": "s2"})
