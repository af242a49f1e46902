from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

def with_model(callback):
    return callback(resnet18())
def tap(model):
    return create_feature_extractor(model, ["layer1", "wrong"])
with_model(tap)
