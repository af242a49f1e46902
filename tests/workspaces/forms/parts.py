# Names as if the model were the whole one, and the other way round.
from torch import nn
from torchvision.models import mobilenet_v3_large, resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(mobilenet_v3_large().features, {"features.4": "f"})
#                                                         ^^^^^^^^^^ unknown-node: `4`


class Wrapped(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = resnet18()

    def forward(self, x):
        return self.backbone(x)


create_feature_extractor(Wrapped(), {"layer4": "f"})
#                                     ^^^^^^ unknown-node: backbone.layer4
