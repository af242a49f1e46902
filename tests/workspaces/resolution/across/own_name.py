# A function of the wrapper's name that is not the wrapper.
# calls: 0
from torchvision.models import resnet18


def tap_at(net, nodes):
    return net, nodes


features = tap_at(resnet18(), ["nonsense"])  # pkg and taps are only mentioned.
