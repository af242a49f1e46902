from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

i = 0
names = []
while True:
    i += 1
    if i > 3:
        break
    if i == 2:
        continue
    names.append(f"layer{i}")
create_feature_extractor(resnet18(), names)
