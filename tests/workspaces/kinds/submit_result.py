from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

from concurrent.futures import ThreadPoolExecutor
def build():
    return resnet18()
def nodes():
    return ["layer1", "wrong"]
with ThreadPoolExecutor() as ex:
    a = ex.submit(build)
    b = ex.submit(nodes)
    create_feature_extractor(a.result(), b.result())
