from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

name = "layer1"
if any(name.startswith(p) for p in ("conv", "bn")):
    nodes = ["bogus"]
else:
    nodes = [name]
create_feature_extractor(resnet18(), nodes)
