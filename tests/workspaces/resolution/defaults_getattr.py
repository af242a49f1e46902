# Names and architecture as parameter defaults; identity comprehension; `getattr(models, name)`.
# run: Net()
# models: 1
# queries: layer2 layer3
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


class Net(nn.Module):
    def __init__(self, arch="resnet18", layers=("layer2", "layer3")):
        super().__init__()
        net = getattr(models, arch)(weights="DEFAULT")
        self.fe = create_feature_extractor(net, {l: l for l in layers})
