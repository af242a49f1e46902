from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

import functools
def with_nodes(*names):
    def wrap(fn):
        @functools.wraps(fn)
        def inner(model):
            return fn(model, list(names))
        return inner
    return wrap
@with_nodes("layer1", "wrong")
def tap(model, names):
    return create_feature_extractor(model, names)
tap(resnet18())
