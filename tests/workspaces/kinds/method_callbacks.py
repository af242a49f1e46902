from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

class Pipeline:
    def __init__(self):
        self.steps = []
    def add(self, step, **options):
        self.steps.append((step, options))
        return self
    def run(self, model):
        for step, options in self.steps:
            step(model, **options)
def tap(model, names): create_feature_extractor(model, names)
def check(model): create_feature_extractor(model, ["wrong"])
Pipeline().add(tap, names=["layer1"]).add(check).run(resnet18())
