# Names and keys side by side: `zip` and `enumerate` in comprehensions, in loops and in `dict`.
# queries: layer1 layer2 layer3 layer1.0 layer2.1
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

LAYERS = ["layer1", "layer2"]
KEYS = ["low", "high"]
create_feature_extractor(resnet18(), {layer: key for layer, key in zip(LAYERS, KEYS)})
create_feature_extractor(resnet18(), dict(zip(LAYERS, KEYS)))
create_feature_extractor(resnet18(), {f"{layer}.{at}": f"c{at}" for at, layer in enumerate(LAYERS)})
create_feature_extractor(resnet18(), {f"layer{at}": key for at, key in enumerate(KEYS, start=1)})
create_feature_extractor(resnet18(), [name for name, _, _ in zip(LAYERS, KEYS, range(5))])
for layer, key in zip(["layer2", "layer3"], KEYS):
    create_feature_extractor(resnet18(), {layer: key})
