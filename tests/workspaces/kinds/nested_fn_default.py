from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

def outer(model, prefix="layer"):
    def inner(i, suffix=""):
        return prefix + str(i) + suffix
    return create_feature_extractor(model, [inner(1), inner(2, ".0"), inner(9)])
outer(resnet18())
