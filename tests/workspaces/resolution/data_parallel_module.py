# Wrapped for several devices and unwrapped again.
# models: 1
# queries: layer4
from torch import nn
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

net = resnet18()
net = nn.DataParallel(net).cuda()
fx = create_feature_extractor(net.module, ["layer4"])
