# A helper in the file builds the model; the target layer is a default; an attribute of the model is traced.
# run: main()
# models: 1
# queries: features.denseblock1
import torch
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


class Clf(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = models.densenet121()
        self.head = nn.Linear(1000, 2)

    def forward(self, x):
        return self.head(self.backbone(x))


def load():
    n = Clf()
    n.load_state_dict(torch.load("x.pt"))
    return n


def cam(model, x, target="features.denseblock1"):
    return create_feature_extractor(model.backbone, {target: "feat"})(x)


def main():
    img = torch.rand(1, 3, 64, 64)
    cam(load(), img)
