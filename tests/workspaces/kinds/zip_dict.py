from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

names = ["layer1", "layer2", "wrong"]
keys = list("abc")
create_feature_extractor(resnet18(), dict(zip(names, keys)))
create_feature_extractor(resnet18(), {k: v for k, v in zip(("layer3",), ("z",))})
create_feature_extractor(resnet18(), dict(layer4="x", **{"layer1": "y"}))
create_feature_extractor(resnet18(), {"layer1": "a"} | {"bad": "b"})
