from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

d = {"layer1": "a"}
d["layer2"] = "b"
d.update({"wrong": "c"})
d.pop("layer1")
e = {v: k for k, v in d.items()}
create_feature_extractor(resnet18(), d)
create_feature_extractor(resnet18(), list(e.values()))
d.setdefault("layer4", "z")
del d["wrong"]
create_feature_extractor(resnet18(), d)
