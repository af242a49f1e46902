# A hint that is no Python expression.
# run: from torchvision.models import resnet18; tap(resnet18())
# models: 0
# queries: layer1
# unresolved: holds no Python expression
from torchvision.models.feature_extraction import create_feature_extractor


def tap(model):
    # fxlens: model=models.resnet18(
    return create_feature_extractor(model, ["layer1"])
