# Options handed on, one of them set anew before the others are read: they are no stand-in with just that one.
# run: main()
# models: 1
# queries: layer4
import argparse

from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

parser = argparse.ArgumentParser()
parser.add_argument("--arch", default="resnet18")
parser.add_argument("--pretrained", action="store_true")
parser.add_argument("--gpu", type=int)


def main():
    args = parser.parse_args()
    work(args.gpu, args)


def work(gpu, args):
    args.gpu = gpu
    net = models.__dict__[args.arch](weights="DEFAULT" if args.pretrained else None)
    return create_feature_extractor(net, {"layer4": "out"})
