# Raw, concatenated, escaped and triple-quoted strings.
# models: 1
# queries: layer1 layer2.0.relu layer3 layer4
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

extractor = create_feature_extractor(resnet18(), [r"layer1", "layer2" ".0.relu", "layer\x33", """layer4"""])
