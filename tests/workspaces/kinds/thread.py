from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

import threading
def tap(model, names):
    create_feature_extractor(model, names)
t = threading.Thread(target=tap, args=(resnet18(), ["layer1", "wrong"]))
t.start(); t.join()
from threading import Thread
u = Thread(target=tap, kwargs={"model": vgg11(), "names": ["features.0"]}, daemon=True)
u.start(); u.join()
