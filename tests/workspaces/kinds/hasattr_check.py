from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

m = resnet18()
if hasattr(m, "features"):
    nodes = ["features.1"]
elif hasattr(m, "layer1"):
    nodes = ["layer1", "wrong"]
else:
    nodes = ["bogus"]
create_feature_extractor(m, nodes)
