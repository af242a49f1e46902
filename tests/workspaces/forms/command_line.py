# Options of the command line that nobody gives: their defaults apply, and are keys and texts like others.
import argparse

from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

NODES = {"resnet18": ["layer1", "layer19"], "alexnet": ["features.2"]}
#                                ^^^^^^^ unknown-node: layer1
BUILD = {"resnet18": models.resnet18, "alexnet": models.alexnet}


def options(words=None):
    parser = argparse.ArgumentParser()
    group = parser.add_argument_group("model")
    group.add_argument("--arch", "-a", default="resnet18", choices=sorted(NODES))
    group.add_argument("--out-dir", required=True)
    parser.add_argument("--stage", type=int, default="5")
    parser.add_argument("--csv", default="layer2,layer8", type=lambda text: text.split(","))
    #                                                                       ^^^^^^^^^^^^^^^ unknown-node: no node `layer8`
    parser.add_argument("--deep", action="store_true")
    parser.add_argument("--taps", nargs="+", default=["layer3", "layer36"])
    #                                                            ^^^^^^^ unknown-node: layer3
    parser.set_defaults(extra=["avgpool"])
    return parser.parse_args(words)


args = options(["--out-dir", "x"])
model = BUILD[args.arch]()
create_feature_extractor(model, NODES[args.arch])
create_feature_extractor(model, [f"layer{args.stage}"])
#                                  ^^^^^^^^^^^^^^^^^ unknown-node: no node `layer5`
create_feature_extractor(model, args.csv)
create_feature_extractor(model, return_nodes=args.taps)
create_feature_extractor(model, args.extra)
if args.arch == "resnet18":
    create_feature_extractor(model, ["layer3.7"])
    #                                 ^^^^^^^^ unknown-node: layer3.1
create_feature_extractor(model, ["layer4"] if args.deep else ["layer4.0", "layer4.5"])
#                                                                          ^^^^^^^^ unknown-node: layer4.1
create_feature_extractor(models.resnet18(), vars(args)["csv"])
other = options(["--out-dir", "x", "--taps", "layer1.0", "layer1.8"])
#                                                         ^^^^^^^^ unknown-node: layer1.1
create_feature_extractor(model, other.taps)
usual = options(["--out-dir", "x"])
if usual.deep:
    create_feature_extractor(model, ["layer48"])
