from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

class Runner:
    def __init__(self, on_model):
        self.on_model = on_model
    def run(self):
        for make in (resnet18,):
            self.on_model(make())
Runner(lambda m: create_feature_extractor(m, ["layer1", "wrong"])).run()
