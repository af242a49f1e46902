from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

names = ["layer1", "bogus", "layer3", "bogus_too"]
del names[3:]
names[1:2] = ["layer2", "wrong"]
names.insert(0, "conv1")
create_feature_extractor(resnet18(), names[::-1])
pairs = [(group, block) for group in (1, 2) for block in range(2) if (group, block) != (2, 1)]
create_feature_extractor(resnet18(), [f"layer{group}.{block}" for group, block in pairs][1:])
