from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

for name in ("layer1", "layer2"):
    if name == "layer2":
        chosen = [name]
        break
else:
    chosen = ["bogus"]
create_feature_extractor(resnet18(), chosen)
