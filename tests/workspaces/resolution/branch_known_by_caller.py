# The only call says which arm is taken; the other arm's names stay found, each with its own model.
# models: 2
# queries: layer1 features.3
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


def build(name):
    if name == "resnet":
        net = models.resnet18()
        nodes = ["layer1"]
    else:
        net = models.vgg11()
        nodes = ["features.3"]
    return create_feature_extractor(net, nodes)


extractor = build("resnet")
