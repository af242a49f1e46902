from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

def tap(model, /, *, nodes, **kw):
    return create_feature_extractor(model, nodes, **kw)
opts = dict(nodes=["layer1", "wrong"])
tap(resnet18(), **opts)
tap(vgg11(), nodes=["features.1"], tracer_kwargs={})
