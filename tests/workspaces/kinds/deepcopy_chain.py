import torch
from torch import nn
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

import copy
device = torch.device("meta")
base = resnet18()
twin = copy.deepcopy(base).eval().to(device)
twin.fc = nn.Identity()
create_feature_extractor(twin, ["layer1", "wrong"])
create_feature_extractor(base.eval().to(device).float().requires_grad_(False), ["fc"])
create_feature_extractor(copy.copy(base), ["layer2", "bad"])
