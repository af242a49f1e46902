from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

from collections import Counter, OrderedDict
c = Counter(["layer1", "layer2", "layer1"])
create_feature_extractor(resnet18(), [n for n, _ in c.most_common(1)])
create_feature_extractor(resnet18(), list(c))
d = OrderedDict([("layer3", 1), ("wrong", 2)])
create_feature_extractor(resnet18(), [k for k in d])
create_feature_extractor(resnet18(), {k: str(v) for k, v in sorted(d.items(), key=lambda kv: -kv[1])})
