from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

import concurrent.futures
def tap(model, names):
    return create_feature_extractor(model, return_nodes=names)
with concurrent.futures.ThreadPoolExecutor() as executor:
    futures = [executor.submit(tap, resnet18(), ["layer1"]), executor.submit(tap, vgg11(), names=["features.1", "wrong"])]
    for future in concurrent.futures.as_completed(futures):
        future.result()
