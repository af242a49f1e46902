# Names that are taken out, cut off or replaced before the call: what is left is read, or nothing.
# names unresolved: which only a run can tell
from torchvision import models
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

names = ["layer1", "layer9", "layer2"]
names.remove("layer9")
create_feature_extractor(resnet18(), names)
nodes = {"layer1": "a", "bogus": "b"}
del nodes["bogus"]
create_feature_extractor(resnet18(), nodes)
create_feature_extractor(resnet18(), [name for name in ["layer1", "bogus"] if name != "bogus"])
create_feature_extractor(resnet18(), list(set(["layer1", "bogus"]) - {"bogus"}))
create_feature_extractor(resnet18(), {name: key for name, key in {"layer1": 1, "bogus": None}.items() if key})
create_feature_extractor(resnet18(), ["bogus", "layer1", "layer2"][1:])
replaced = ["layer1", "bogus"]
replaced[1] = "layer2"
create_feature_extractor(resnet18(), replaced)
shortened = ["layer1", "bogus"]
shortened = shortened[:1]
create_feature_extractor(resnet18(), shortened)
prefixed = ["net.layer1", "net.layer2"]
create_feature_extractor(resnet18(), [name.split(".", 1)[1] for name in prefixed])
create_feature_extractor(resnet18(), [name.replace("net.", "") for name in prefixed])
create_feature_extractor(resnet18(), [name.strip() for name in ["layer1 ", " layer2"]])


def chosen(arch):
    nodes = []
    if arch.startswith("resnet"):
        nodes.append("layer1")
    elif arch.startswith("vgg"):
        nodes.append("features.3")
    return create_feature_extractor(getattr(models, arch)(), nodes)


chosen("resnet18")
chosen("vgg11")
