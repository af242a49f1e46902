# Options of the command line that are required: values that nobody tells, and the script goes on.
# arguments: photos --arch resnet34 --width 7 --out here
import argparse

from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

parser = argparse.ArgumentParser()
parser.add_argument("data")
parser.add_argument("--arch", required=True, choices=["resnet18", "resnet34"])
parser.add_argument("--layer", default="layer3")
parser.add_argument("--width", type=int, required=True)
parser.add_argument("--out", required=True)
args = parser.parse_args()
net = models.resnet18()
net.fc = nn.Linear(512, args.width)
target = args.out + "/features"
create_feature_extractor(net, [args.layer, "layer35"])
#                                           ^^^^^^^ unknown-node: layer3
