# Replaced and removed modules are replayed; unknown numbers of classes are stood in for.
# run: build(3, True)
# models: 1
# queries: conv1 layer1.0.conv1 fc.1
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


def build(n_classes, freeze_bn):
    net = models.resnet18()
    net.conv1 = nn.Conv2d(5, 64, 7)
    net.fc = nn.Sequential(nn.Dropout(), nn.Linear(512, n_classes))
    block = net.layer1
    block[0].conv2 = nn.Identity()
    for p in net.parameters():
        p.requires_grad = False
    return create_feature_extractor(net, ["conv1", "layer1.0.conv1", "fc.1"])
