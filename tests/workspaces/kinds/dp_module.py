from torch import nn
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

model = nn.DataParallel(resnet18())
create_feature_extractor(model.module, ["layer1", "wrong"])
net = model.module if isinstance(model, nn.DataParallel) else model
create_feature_extractor(net, ["layer2"])
net = model.module if hasattr(model, "module") else model
create_feature_extractor(net, ["layer3", "bad"])
