from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

import functools
def logged(fn):
    @functools.wraps(fn)
    def inner(*args, **kwargs):
        print("call", fn.__name__)
        return fn(*args, **kwargs)
    return inner
@logged
def tap(model, names=("layer1",)):
    return create_feature_extractor(model, list(names))
tap(resnet18())
tap(vgg11(), names=("features.1", "wrong"))
