from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

import weakref
class Event:
    def __init__(self): self.handlers = {}
    def on(self, name):
        def deco(fn):
            self.handlers.setdefault(name, []).append(fn)
            return fn
        return deco
    def emit(self, name, *args):
        for fn in self.handlers.get(name, []):
            fn(*args)
events = Event()
@events.on("model")
def tap(model, names): create_feature_extractor(model, names)
events.emit("model", resnet18(), ["layer1", "wrong"])
events.emit("nothing", vgg11(), ["bogus"])
