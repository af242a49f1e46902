import torch
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

if torch.cuda.is_available():
    nodes = ["bogus"]
else:
    nodes = ["layer1"]
create_feature_extractor(resnet18(), nodes)
import os
n2 = ["bogus2"] if os.path.exists("/nowhere/zz") else ["layer2"]
create_feature_extractor(resnet18(), n2)
from pathlib import Path
if Path("/nowhere/zz").exists():
    create_feature_extractor(resnet18(), ["bogus3"])
if torch.__version__ < "1.0":
    create_feature_extractor(resnet18(), ["bogus4"])
