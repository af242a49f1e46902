from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

import argparse
parser = argparse.ArgumentParser()
commands = parser.add_subparsers(dest="command")
run = commands.add_parser("run")
run.add_argument("--names", nargs="*", default=["layer1", "wrong"])
options = parser.parse_args(["run"])
if options.command == "run":
    create_feature_extractor(resnet18(), options.names)
else:
    create_feature_extractor(resnet18(), ["bogus"])
