# Rounds of a loop that leave it before the call ask for nothing.
# queries: layer1
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

net = resnet18()
for name in ["layer1", "nothing"]:
    if name == "nothing":
        continue
    create_feature_extractor(net, [name])
for name in ["layer1", "nothing"]:
    if name != "nothing":
        create_feature_extractor(net, [name])
for name in ["layer1", "nothing", "none"]:
    if name.startswith("no"):
        break
    create_feature_extractor(net, [name])
