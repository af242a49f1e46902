# Model and names are chosen together by an `if`: each arm's names belong to that arm's model.
# run: Net('resnet'), Net('dense'), Net('vgg')
# models: 3
# queries: layer4 features.norm5 features.28
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


class Net(nn.Module):
    def __init__(self, name, weights=None):
        super().__init__()
        if name == "resnet":
            net = models.resnet34(weights=weights)
            nodes = {"layer4": "p5"}
        elif name == "dense":
            net = models.densenet121(weights=weights)
            nodes = {"features.norm5": "p5"}
        elif name == "vgg":
            net = models.vgg16(weights=weights)
            nodes = {"features.28": "p5"}
        else:
            raise ValueError(name)
        self.fx = create_feature_extractor(net, return_nodes=nodes)
