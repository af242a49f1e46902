from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

from concurrent.futures import ThreadPoolExecutor
def tap(name):
    return create_feature_extractor(resnet18(), [name])
with ThreadPoolExecutor(2) as pool:
    list(pool.map(tap, ["layer1", "layer2", "wrong"]))
