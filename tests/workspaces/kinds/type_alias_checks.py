from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

def nodes(arg):
    if isinstance(arg, str):
        return [arg]
    if isinstance(arg, (list, tuple)):
        return list(arg)
    if callable(arg):
        return arg()
    if arg is None:
        return ["layer4"]
    raise TypeError(["bogus"])
for a in ("layer1", ["layer2"], ("layer3", "wrong"), lambda: ["bn1"], None):
    create_feature_extractor(resnet18(), nodes(a))
