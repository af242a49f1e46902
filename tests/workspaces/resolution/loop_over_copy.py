# A loop goes through what a method of a display yields.
# queries: layer1 fc
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

for name in ["layer1", "fc"].copy():
    create_feature_extractor(resnet18(), [name])
