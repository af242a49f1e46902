# Model and names chosen by one attribute that a parameter sets.
# run: from types import SimpleNamespace as Bag; Net(Bag(num_classes=3))
# models: 1
# queries: layer1 layer2
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


class Net(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.layers = ["layer1", "layer2"]
        self.backbone = models.resnet18(weights=None, num_classes=cfg.num_classes)
        self.features = create_feature_extractor(
            self.backbone, return_nodes={name: f"out_{i}" for i, name in enumerate(self.layers)}
        )
