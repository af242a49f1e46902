# Names joined to the numbers of a loop: by `+` and `str`, in a list, in a dict and in a loop that appends.
# calls: 3
# queries: layer1 layer2 layer3 layer4 layer1.0 layer2.0
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

listed = create_feature_extractor(resnet18(), ["layer" + str(i) for i in range(1, 5)])
keyed = create_feature_extractor(resnet18(), {"layer" + str(i + 1): f"c{i + 2}" for i in range(4)})

names = []
for number in range(1, 3):
    name = "layer" + str(number) + ".0"
    names.append(name)
appended = create_feature_extractor(resnet18(), names)
