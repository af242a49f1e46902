from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

import threading
class Worker(threading.Thread):
    def __init__(self, model, names):
        super().__init__()
        self.model = model
        self.names = names
    def run(self):
        create_feature_extractor(self.model, self.names)
w = Worker(resnet18(), ["layer1", "wrong"])
w.start(); w.join()
