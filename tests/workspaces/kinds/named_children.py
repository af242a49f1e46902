from torch import nn
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

m = resnet18()
names = [n for n, _ in m.named_children()]
create_feature_extractor(m, names[:3])
create_feature_extractor(m, [n for n, mod in m.named_modules() if isinstance(mod, nn.Conv2d)])
