# A branch on a known constant, and one that only a run decides but that changes no names.
# models: 1
# queries: layer4.1.relu
import os

from torch import nn
from torchvision.models import resnet18, resnet34
from torchvision.models.feature_extraction import create_feature_extractor

SMALL = True
if SMALL:
    model = resnet18()
else:
    model = resnet34()
if os.environ.get("NO_SUCH_VARIABLE_ANYWHERE"):
    model.fc = nn.Identity()
extractor = create_feature_extractor(model, {"layer4.1.relu": "x"})
