# `given or default`: each call's names belong to its own model.
# models: 2
# queries: layer1 layer2 layer3
from torch import nn
from torchvision.models import resnet18, resnet50
from torchvision.models.feature_extraction import create_feature_extractor

def get_features(model: nn.Module, layers: list[str] | None = None) -> nn.Module:
    layers = layers or ["layer1", "layer2"]
    return create_feature_extractor(model, return_nodes=layers)
teacher = get_features(resnet50().eval())
student = get_features(resnet18().eval(), ["layer3"])
