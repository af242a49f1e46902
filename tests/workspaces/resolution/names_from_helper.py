# Names that a helper returns, alone or beside the model, and names that another dict was made from.
# run: alone(), beside(), Taps()
# queries: layer1 layer2 layer3 layer4
from torch import nn
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor


def stages():
    return [f"layer{stage}" for stage in range(1, 5)]


def backbone():
    return resnet18(weights=None), {"layer2": "mid", "layer4": "high"}


def alone():
    return create_feature_extractor(resnet18(), stages())


def beside():
    model, nodes = backbone()
    return create_feature_extractor(model, return_nodes=nodes)


class Taps(nn.Module):
    def __init__(self):
        super().__init__()
        names = {stage: f"teacher_{stage}" for stage in self.stages()}
        self.teacher = create_feature_extractor(resnet18(), names)
        self.student = create_feature_extractor(
            resnet18(), {name: key.replace("teacher", "student") for name, key in names.items()}
        )

    def stages(self):
        return ["layer1", "layer3"]
