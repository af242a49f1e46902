from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

import itertools
rows = [("a", "layer1"), ("a", "layer2"), ("b", "wrong")]
for key, group in itertools.groupby(rows, key=lambda r: r[0]):
    create_feature_extractor(resnet18(), [n for _, n in group])
for a, b in itertools.combinations(["layer1", "layer2", "layer3"], 2):
    create_feature_extractor(resnet18(), [a, b])
create_feature_extractor(resnet18(), list(itertools.takewhile(lambda n: n != "layer3", ["layer1", "layer2", "layer3", "bogus"])))
create_feature_extractor(resnet18(), list(itertools.accumulate(["layer", "1"]))[-1:])
