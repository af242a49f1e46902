# The commonest shape: a local in `__init__`, a dict above the call.
# run: Net(3)
# models: 1
# queries: layer2 layer3
from torch import nn
from torchvision.models import ResNet50_Weights, resnet50
from torchvision.models.feature_extraction import create_feature_extractor


class Net(nn.Module):
    def __init__(self, n):
        super().__init__()
        m = resnet50(weights=ResNet50_Weights.DEFAULT)
        nodes = {"layer2": "c3", "layer3": "c4"}
        self.body = create_feature_extractor(m, return_nodes=nodes)
        self.head = nn.Linear(512, n)
