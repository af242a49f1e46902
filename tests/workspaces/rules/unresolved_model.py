"""A model that nothing in sight gives."""

from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor


def features(model):
    return create_feature_extractor(model, ["layer1"])
    #                               ^^^^^ unresolved-model: not checked


model = resnet18()
