from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

import argparse
def main(argv=None):
    p = argparse.ArgumentParser()
    p.add_argument("--node", action="append", default=[])
    p.add_argument("--last", action="store_true")
    a = p.parse_args(argv)
    create_feature_extractor(resnet18(), a.node or ["layer1"])
    if a.last:
        create_feature_extractor(resnet18(), ["layer4"])
main(["--node", "layer2", "--node", "wrong", "--last"])
