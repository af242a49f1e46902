# Star imports: a name may be of each of the libraries, or of a file of the workspace.
from os.path import *
from torch.nn import *
from torchvision.models import *
from torchvision.models.feature_extraction import *
from torchvision.ops import *

net = resnet18(num_classes=5)
net.fc = Identity()
create_feature_extractor(net, ["layer1", "fc", "layer9"])
#                                               ^^^^^^ unknown-node: no node `layer9`


class Small(Module):
    def __init__(self):
        super().__init__()
        self.conv = Conv2d(3, 3, 1)
        self.act = ReLU()

    def forward(self, x):
        return self.act(self.conv(x))


create_feature_extractor(Small(), {"conv": "a", "acts": "b"})
#                                                ^^^^ unknown-node: no node `acts`
create_feature_extractor(Sequential(Small(), ReLU()), [join("0", "conv").replace(sep, "."), "1", "2"])
#                                                                                                 ^ unknown-node: no node `2`
