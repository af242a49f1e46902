# `globals()[name]()` with a default name.
# run: build()
# models: 1
# queries: layer1
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor


def build(arch="resnet18"):
    # fxlens: model=resnet18()
    return create_feature_extractor(globals()[arch](), ["layer1"])
