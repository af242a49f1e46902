# A copy of a model, with a part replaced.
# models: 1
# queries: features.0 features.4
import copy

from torch import nn
from torchvision.models import vgg11
from torchvision.models.feature_extraction import create_feature_extractor

original = vgg11()
vgg = copy.deepcopy(original)
vgg.features[4] = nn.MaxPool2d(2)
del vgg.classifier[6]
extractor = create_feature_extractor(vgg, ["features.0", "features.4"])
