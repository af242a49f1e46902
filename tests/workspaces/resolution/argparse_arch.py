# The architecture is an option with a default value: what a run without options builds is checked.
# run: main()
# models: 1
# queries: layer1
import argparse

from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--arch", default="resnet18")
    parser.add_argument("--epochs", type=int, default=90)
    args = parser.parse_args()
    model = models.__dict__[args.arch]()
    return create_feature_extractor(model, ["layer1"])
