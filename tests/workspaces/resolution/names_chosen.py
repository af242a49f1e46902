# Entries of one table, or arms of one expression, are never asked for together: no name takes another one's node.
# run: chosen("a"), chosen("b"), pick(), pick(["layer2"])
# models: 1
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

TABLE = {"a": ["layer4"], "b": ["layer4.1"]}
KEYS = {"a": {"layer3": "x"}, "b": {"layer4": "x"}}


def chosen(kind):
    create_feature_extractor(resnet18(), TABLE[kind])
    create_feature_extractor(resnet18(), KEYS[kind])
    create_feature_extractor(resnet18(), ["layer4"] if kind == "a" else ["layer4.1"])
    create_feature_extractor(resnet18(), {"layer3": "x"} if kind == "a" else {"layer4": "x"})
    last = "layer4" if kind == "a" else "layer4.1"
    create_feature_extractor(resnet18(), [last, "layer1"])
    try:
        names = ["layer4"]
    except KeyError:
        names = ["layer4.1"]
    create_feature_extractor(resnet18(), names)


def pick(names=None, deep=False):
    names = names or (["layer4"] if deep else ["layer4.1"])
    return create_feature_extractor(resnet18(), names)
