# The folder of another file is put on the path by the program itself.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "code"))

from collecting import Collector
from torchvision.models import resnet34

Collector(resnet34(), {"layer4": "f", "avgpoll": "g"})
#                                      ^^^^^^^ unknown-node: avgpool
