from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

import timeit
m = resnet18()
def run():
    create_feature_extractor(m, ["layer1", "wrong"])
timeit.timeit(run, number=1)
