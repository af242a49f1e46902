# A call in a lambda.
# run: build()
# models: 1
# queries: layer1
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

build = lambda: create_feature_extractor(resnet18(), ["layer1"])
