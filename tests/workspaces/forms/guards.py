# Calls that only some of the models reach: the others are not called wrong.
from torch import nn
from torchvision.models import alexnet, detection, resnet18
from torchvision.models.feature_extraction import create_feature_extractor


class Branching(nn.Module):
    def forward(self, x):
        return x if x.sum() > 0 else -x


def returned(name):
    if name == "odd":
        net = Branching()
        return net
    elif name == "boxes":
        return detection.fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None)
    elif name == "plain":
        net = resnet18()
    return create_feature_extractor(net, ["layer4"])


def under_a_flag(net, nodes=("layer4",), tap=False):
    if tap:
        net = create_feature_extractor(net, list(nodes))
    return net


def under_a_type(net):
    if isinstance(net, nn.Module):
        return create_feature_extractor(net, ["layer4"])
    return net


for name in ("odd", "boxes", "plain"):
    returned(name)
under_a_flag(Branching())
under_a_flag(alexnet())
under_a_type("resnet18")
under_a_flag(resnet18(), tap=True)
