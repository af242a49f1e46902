# One option chooses the model and, in a table, its names: which entry belongs to it only a run can tell.
# evaluates: no
# queries: layer1 layer2 features.8 features.15
import argparse

from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

LAYERS = {"resnet50": ["layer1", "layer2"], "vgg16": ["features.8", "features.15"]}


class Student(nn.Module):
    def __init__(self, arch, options):
        super().__init__()
        self.arch = arch
        net = models.get_model(arch)
        self.body = create_feature_extractor(net, {name: f"c{at}" for at, name in enumerate(LAYERS[arch])})
        self.same = create_feature_extractor(models.get_model(arch), LAYERS[self.arch])
        name = options.arch
        self.again = create_feature_extractor(build(options), LAYERS[name])


def build(options):
    return models.get_model(options.arch)


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--arch", default="resnet50", choices=list(LAYERS))
    return parser.parse_args()


if __name__ == "__main__":
    options = parse()
    Student(options.arch, options)
