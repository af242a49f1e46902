# Many conditions: every name is read, and the wrong one is marked.
# run: [many(*row) for row in ([9] * 6, [0] * 6)]
from torch import nn
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor


def many(p0, p1, p2, p3, p4, p5):
    n0 = "layer1.0" if p0 > 3 else "layer9.0"
    #                               ^^^^^^^^ unknown-node
    if p1 > 3:
        n1 = "layer2.0"
    else:
        n1 = "layer2.1"
    n2 = "layer3.0" if p2 > 3 else "layer3.1"
    n3 = "layer1.0" if p3 > 3 else "layer1.1"
    n4 = "layer2.0" if p4 > 3 else "layer2.1"
    n5 = "layer3.0" if p5 > 3 else "layer3.1"
    return create_feature_extractor(resnet18(), [n0, n1, n2, n3, n4, n5])


def changed(p0, p1, p2, p3, p4):
    net = resnet18()
    if p1 > 3:
        net.layer2[0].relu = nn.GELU()
    if p2 > 3:
        net.layer3[0].relu = nn.GELU()
    if p3 > 3:
        net.layer1[1].relu = nn.GELU()
    if p4 > 3:
        net.layer2[1].relu = nn.GELU()
    if p0 > 3:
        net.layer4 = nn.Identity()
    return create_feature_extractor(net, ["layer4.1.bn2"])


changed(0, 9, 9, 0, 0)
