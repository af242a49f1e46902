from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

from functools import cached_property
class E:
    @cached_property
    def model(self):
        return resnet18()
    @cached_property
    def names(self):
        return [f"layer{i}" for i in (1, 9)]
    def run(self):
        return create_feature_extractor(self.model, self.names)
E().run()
