from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

low, high = {"layer1", "layer2"}, {"layer2", "layer3"}
for names in (low.union(high), low.intersection(high), low.difference(high), {}.fromkeys(["wrong"])):
    create_feature_extractor(resnet18(), sorted(names))
