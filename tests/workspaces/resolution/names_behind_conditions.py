# Calls and names behind conditions on what also chooses the model: which model comes there only a run can tell.
# evaluates: no
# run: paired("resnet18"), paired("vgg11"), early("vgg11"), early("resnet18"), matched("vgg11")
import argparse
import os

from torchvision.models import get_model, resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

parser = argparse.ArgumentParser()
parser.add_argument("--arch", default="r")
args = parser.parse_args()
model = resnet18() if args.arch == "r" else vgg11()
if args.arch == "r":
    create_feature_extractor(model, ["layer1"])
else:
    create_feature_extractor(model, ["features.3"])

name = os.environ.get("NET", "resnet18")
net = get_model(name)
if name == "resnet18":
    create_feature_extractor(net, ["layer1"])
elif name.startswith("vit"):
    create_feature_extractor(net, ["encoder"])
if "vgg" in name:
    layers = ["features.1"]
else:
    layers = ["layer3"]
create_feature_extractor(net, layers)


def paired(arch):
    net = get_model(arch)
    if arch == "vgg11":
        nodes = ["features.1"]
    else:
        nodes = ["layer1"]
    return create_feature_extractor(net, nodes)


def early(arch):
    net = get_model(arch)
    if arch == "resnet18":
        return create_feature_extractor(net, ["layer1"])
    return create_feature_extractor(net, ["features.1"])


def matched(arch):
    net = get_model(arch)
    match arch:
        case "vgg11":
            return create_feature_extractor(net, ["features.1"])
        case _:
            return create_feature_extractor(net, ["layer1"])


for function in (paired, early, matched):
    function(name)
paired(os.environ.get("ARCH", "resnet18"))
early(os.environ.get("ARCH", "resnet18"))
matched(os.environ.get("ARCH", "resnet18"))
