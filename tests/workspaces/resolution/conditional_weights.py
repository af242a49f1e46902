# A switch that only chooses weights; another that chooses the model.
# run: build(True, False), build(False, True)
# models: 2
# queries: layer1
from torchvision.models import ResNet18_Weights, resnet18, resnet34
from torchvision.models.feature_extraction import create_feature_extractor


def build(use_imagenet, big):
    weights = ResNet18_Weights.DEFAULT if use_imagenet else None
    model = resnet34() if big else resnet18(weights=weights)
    return create_feature_extractor(model, ["layer1"])
