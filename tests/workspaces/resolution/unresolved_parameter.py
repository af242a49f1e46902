# Nobody says what the model is.
# models: 0
# queries: layer1
# unresolved: `model` is a parameter of `tap`
from torchvision.models.feature_extraction import create_feature_extractor


def tap(model):
    return create_feature_extractor(model, ["layer1"])
