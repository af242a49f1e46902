from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

_model = None
def get_model():
    global _model
    if _model is None:
        _model = resnet18()
    return _model
create_feature_extractor(get_model(), ["layer1"])
create_feature_extractor(get_model(), ["wrong"])
