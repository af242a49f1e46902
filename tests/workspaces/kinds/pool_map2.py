from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

from multiprocessing.pool import ThreadPool
def tap(name):
    return create_feature_extractor(resnet18(), [name])
if __name__ == "__main__":
    with ThreadPool(2) as pool:
        pool.map(tap, ["layer1", "wrong"])
        pool.starmap(lambda m, n: create_feature_extractor(m, n), [(resnet18(), ["layer2"]), (vgg11(), ["features.2", "bad"])])
