# A model class of the file, with its blocks, constants and helper functions.
# models: 1
# queries: stem blocks.1.act blocks.1.add
import torch
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor

WIDTH = 8


def make_layer(n):
    return nn.Sequential(*[Block(WIDTH) for _ in range(n)])


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, KERNEL, padding=1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.act(self.conv(x)) + x


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, WIDTH, 1)
        self.blocks = make_layer(2)

    def forward(self, x):
        return self.blocks(self.stem(x))

    def fit(self, loader):
        for x in loader:
            LOGGER.info(self(x))


KERNEL = 3
model = Net()
if torch.cuda.is_available():
    model = model.cuda()
extractor = create_feature_extractor(model, ["stem", "blocks.1.act", "blocks.1.add"])
