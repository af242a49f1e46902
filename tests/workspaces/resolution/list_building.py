# Names that are put together: append, update, `+`, `**`, `dict(...)`.
# models: 1
# queries: layer1 layer2 layer3 layer4 avgpool conv1
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

base = {"layer1": "a"}
names = {**base, "layer2": "b"}
names["layer3"] = "c"
names.update({"layer4": "d"})
names.update(dict(avgpool="e"))
names |= {"conv1": "f"}
extractor = create_feature_extractor(resnet18(), names)
