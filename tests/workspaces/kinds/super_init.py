from torch import nn
from torchvision.models import resnet18, vgg11
from torchvision.models.feature_extraction import create_feature_extractor

class Base(nn.Module):
    def __init__(self, backbone, nodes):
        super().__init__()
        self.body = create_feature_extractor(backbone, return_nodes={n: str(i) for i, n in enumerate(nodes)})
class Res(Base):
    def __init__(self, nodes=("layer1", "layer2")):
        super().__init__(resnet18(), nodes)
class Bad(Base):
    def __init__(self):
        super(Bad, self).__init__(vgg11(), ["features.1", "wrong"])
Res(); Bad()
