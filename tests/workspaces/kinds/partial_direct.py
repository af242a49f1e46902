from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

from functools import partial
extract = partial(create_feature_extractor, return_nodes={"layer1": "a", "wrong": "b"})
extract(resnet18())
makers = {"r": partial(resnet18, num_classes=3), "v": partial(vgg11, num_classes=3)}
create_feature_extractor(makers["v"](), ["features.1"])
create_feature_extractor(makers["r"](), ["layer2"])
