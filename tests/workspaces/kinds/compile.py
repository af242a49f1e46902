import torch
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

FAST = False
model = resnet18()
if FAST:
    model = torch.compile(model)
create_feature_extractor(model, ["layer1", "wrong"])
model2 = torch.compile(resnet18()) if FAST else resnet18()
create_feature_extractor(model2, ["layer2"])
