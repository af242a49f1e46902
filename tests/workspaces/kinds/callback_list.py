from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

hooks = []
def on_build(fn):
    hooks.append(fn)
    return fn
@on_build
def tap(model):
    create_feature_extractor(model, ["layer1"])
@on_build
def tap2(model):
    create_feature_extractor(model, ["wrong"])
model = resnet18()
for hook in hooks:
    hook(model)
