from .. import names as _names

TAPS = {"resnet18": ["layer3", "layer44"], "alexnet": list(_names.Style.ALEXNET)}
#                               ^^^^^^^ unknown-node
