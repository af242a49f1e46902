# Fetches weights by itself before the model is built.
import urllib.request

from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

ADDRESS = "http://127.0.0.1:PORT/weights.pth"
urllib.request.urlretrieve(ADDRESS, "weights.pth")


def build():
    weights = urllib.request.urlopen(ADDRESS, timeout=5).read()
    return models.resnet18() if weights else None


model = build()
features = create_feature_extractor(model, ["layer1"])
