# A dict filled in loops: nested ones, one with a condition, and one over a list of names.
# queries: layer1.0 layer1.1 layer2.0 layer2.1 layer3 layer4 conv1 bn1
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

nodes = {}
for stage in range(1, 5):
    if stage > 2:
        nodes[f"layer{stage}"] = f"stage{stage}"
        continue
    for block in range(2):
        nodes[f"layer{stage}.{block}"] = f"block{stage}{block}"
for index, name in enumerate(["conv1", "bn1"]):
    nodes[name] = str(index)
extractor = create_feature_extractor(resnet18(), return_nodes=nodes)
