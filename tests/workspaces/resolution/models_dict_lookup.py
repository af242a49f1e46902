# `models.__dict__[name]()` with a constant name.
# models: 1
# queries: layer1
import torchvision.models as models
from torchvision.models.feature_extraction import create_feature_extractor

ARCH = "resnet18"
model = models.__dict__[ARCH](num_classes=5)
extractor = create_feature_extractor(model, return_nodes={"layer1": "x"})
