from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

class Options:
    _only = None
    def __new__(cls, *args):
        if cls._only is None:
            cls._only = super().__new__(cls)
            cls._only.names = ["layer1"]
        return cls._only
    def __init__(self, more="layer2"):
        self.names.append(more)
Options("wrong")
create_feature_extractor(resnet18(), Options().names)
