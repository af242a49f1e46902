# An FPN that asks its body for shapes; names from a counting comprehension.
# run: Resnet50WithFPN()
# models: 1
# queries: layer1 layer2 layer3 layer4
import torch
from torch import nn
from torchvision.models import resnet50
from torchvision.models.feature_extraction import create_feature_extractor

from torchvision.ops import FeaturePyramidNetwork
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool
class Resnet50WithFPN(torch.nn.Module):
    def __init__(self):
        super().__init__()
        m = resnet50()
        self.body = create_feature_extractor(
            m, return_nodes={f'layer{k}': str(v) for v, k in enumerate([1, 2, 3, 4])})
        inp = torch.randn(2, 3, 224, 224)
        with torch.no_grad():
            out = self.body(inp)
        in_channels_list = [o.shape[1] for o in out.values()]
        self.fpn = FeaturePyramidNetwork(in_channels_list, out_channels=256, extra_blocks=LastLevelMaxPool())
    def forward(self, x):
        return self.fpn(self.body(x))
