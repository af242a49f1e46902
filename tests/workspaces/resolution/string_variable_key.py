# A dict with a variable as its key, and a conditional choice of names.
# models: 1
# queries: avgpool layer4
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

POOLED = True
target_layer = "avgpool" if POOLED else "layer9"
other = "layer4"
extractor = create_feature_extractor(resnet18(), {target_layer: "feat", other: "map"})
