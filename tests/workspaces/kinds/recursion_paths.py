from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

TREE = {"layer1": {"0": ["conv1", "conv2"]}, "layer2": {"1": ["bn1", "bn9"]}}
def paths(tree, prefix=""):
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from paths(value, f"{prefix}{key}.")
    else:
        for name in tree:
            yield prefix + name
create_feature_extractor(resnet18(), [*paths(TREE)])
