# The model and the names stand here; the extraction call is in `taps.py`.
# calls: 2
# queries: layer1 layer4
import taps
from nets import Clf
from taps import pooled
from torchvision import models

NAMES = ["layer1", "layer4"]
tap = taps.Tap(models.resnet18(), NAMES)


def main(num_classes):
    clf = Clf(num_classes)
    return pooled(clf)
