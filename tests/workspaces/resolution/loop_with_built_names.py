# Calls in loops and comprehensions whose names are built from the loop's numbers.
# models: 1
# queries: layer1 layer2 layer3
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

net = resnet18()
for number in range(1, 4):
    create_feature_extractor(net, [f"layer{number}"])
taps = [create_feature_extractor(net, {name: "x"}) for name in ("layer1", "layer2")]
taps += [create_feature_extractor(net, ["layer%d" % number]) for number in range(1, 3)]
