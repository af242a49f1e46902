# A call in a decorated, asynchronous, nested function.
# run: outer()()
# models: 1
# queries: layer1
import functools

from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor


def outer():
    net = resnet18()

    @functools.lru_cache
    def inner():
        return create_feature_extractor(net, ["layer1"])

    return inner
