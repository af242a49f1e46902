# Strings joined with `+` are one name, not two; a name joined with what only a run can tell is none.
# not run: one of its names is unknown on purpose
# calls: 3
# models: 1
# queries: layer1.0.conv1 layer2.1 layer3
# names unresolved: only known at run time
import sys

from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

STAGE = "layer1"
first = create_feature_extractor(resnet18(), [STAGE + ".0" + ".conv1"])
second = create_feature_extractor(resnet18(), {"layer" + "2" + r".1": "b"})
third = create_feature_extractor(resnet18(), ["layer3", STAGE + sys.argv[0]])
