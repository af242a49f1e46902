# A hint says which model is meant.
# run: tap(resnet18())
# models: 1
# queries: layer1
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor


def tap(model):
    # fxlens: model=resnet18()
    return create_feature_extractor(model, ["layer1"])
