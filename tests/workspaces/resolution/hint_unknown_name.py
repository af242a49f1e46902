# A hint with a name that the file does not know.
# run: from torchvision.models import resnet18; tap(resnet18())
# models: 0
# queries: layer1
# unresolved: `my_model` is not defined
from torchvision.models.feature_extraction import create_feature_extractor


def tap(model):
    # fxlens: model=my_model()
    return create_feature_extractor(model, ["layer1"])
