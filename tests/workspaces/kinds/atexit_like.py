from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

def apply(fn, *args, **kw):
    return fn(*args, **kw)
apply(create_feature_extractor, resnet18(), return_nodes=["layer1", "wrong"])
list(map(lambda n: create_feature_extractor(resnet18(), [n]), ["layer2", "bad"]))
[create_feature_extractor(m, [n]) for m, n in [(resnet18(), "layer3"), (vgg11(), "layer3")]]
