# A wrapper that is also built by its own class method, which calls `cls`.
# run: main()
# models: 2
# queries: layer1 features.0
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


class Tap(nn.Module):
    def __init__(self, model: nn.Module, layers: list[str]):
        super().__init__()
        self.inner = create_feature_extractor(model, return_nodes=list(layers))

    @classmethod
    def from_name(cls, name: str, layers: list[str]):
        return cls(getattr(models, name)(weights=None), layers)


def main():
    return Tap(models.resnet18(), ["layer1"]), Tap.from_name("alexnet", ["features.0"])
