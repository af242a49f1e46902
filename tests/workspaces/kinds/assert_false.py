from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

def pick(kind):
    if kind == "a":
        return ["layer1"]
    elif kind == "b":
        return ["layer2", "wrong"]
    else:
        assert False, kind
create_feature_extractor(resnet18(), pick("a"))
create_feature_extractor(resnet18(), pick("b"))
