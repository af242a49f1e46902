from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

import argparse
p = argparse.ArgumentParser()
p.add_argument("--layers", nargs="+", default=["layer1", "wrong"])
p.add_argument("--layer", default="layer2")
p.add_argument("--csv", type=str, default="layer3,layer4,bad")
p.add_argument("--arch", default="resnet18", choices=["resnet18", "vgg11"])
args = p.parse_args()
import torchvision
create_feature_extractor(resnet18(), args.layers)
create_feature_extractor(resnet18(), {args.layer: "out"})
create_feature_extractor(resnet18(), args.csv.split(","))
model = torchvision.models.__dict__[args.arch]()
create_feature_extractor(model, ["layer1"])
create_feature_extractor(getattr(torchvision.models, args.arch)(), ["layer2"])
create_feature_extractor(torchvision.models.get_model(args.arch), ["layer3"])
