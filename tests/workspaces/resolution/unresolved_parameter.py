# Nobody says what the model is.
# run: from torchvision.models import resnet18; tap(resnet18())
# models: 0
# queries: layer1
# unresolved: `model` is a parameter of `tap`
from torchvision.models.feature_extraction import create_feature_extractor


def tap(model):
    return create_feature_extractor(model, ["layer1"])
