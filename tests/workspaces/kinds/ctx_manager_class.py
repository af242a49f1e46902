from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

class Loaded:
    def __init__(self, make, names):
        self.make, self.names = make, names
    def __enter__(self):
        self.model = self.make()
        return self.model, self.names
    def __exit__(self, *exc):
        return False
with Loaded(resnet18, ["layer1", "wrong"]) as (m, names):
    create_feature_extractor(m, names)
