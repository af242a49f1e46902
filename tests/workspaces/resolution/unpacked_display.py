# Model and layer are assigned together.
# models: 1
# queries: layer2
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

model, layer = resnet18(), "layer2"
fx = create_feature_extractor(model, [layer])
