"""What an extractor does otherwise than its model."""

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
from torchvision.models.feature_extraction import create_feature_extractor


class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.view_as(x)

    @staticmethod
    def backward(ctx, gradient):
        return -gradient


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.block = nn.Sequential(nn.Conv2d(8, 8, 1), nn.ReLU())
        self.head = nn.Conv2d(8, 4, 1)

    def forward(self, x):
        return self.head(self.step(self.norm(self.conv(x))))


class Adversarial(Net):
    def step(self, x):
        return Reverse.apply(x)


class Checkpointed(Net):
    def step(self, x):
        return checkpoint(self.block, x, use_reentrant=False)


class Frozen(Net):
    def train(self, mode=True):
        super().train(mode)
        self.norm.eval()
        return self

    def step(self, x):
        return x.relu()


class Masked(Net):
    def forward(self, x, mask=None):
        x = self.conv(x)
        if mask is not None:
            x = x * mask
        return self.head(x)


class Lists(Net):
    def step(self, x):
        return x if isinstance(x, torch.Tensor) else x * 2


class Counting(Net):
    calls = 0

    def step(self, x):
        self.calls += 1
        return x * self.calls


class Caught(Net):
    def step(self, x):
        try:
            size = int(x.shape[0])
        except TypeError:
            size = 100
        return x * size


create_feature_extractor(Adversarial(), ["norm"])
create_feature_extractor(Adversarial(), ["head"])
#                                         ^^^^ changed-behaviour: `Reverse.backward` is not part of the graph
create_feature_extractor(Checkpointed(), ["norm"])
create_feature_extractor(Checkpointed(), ["norm", "head"])
#                                                  ^^^^ changed-behaviour: `torch.utils.checkpoint` is not part of
create_feature_extractor(Frozen(), ["conv"])
create_feature_extractor(Frozen(), {"relu": "features"})
#                                    ^^^^ changed-behaviour: `Frozen.train` is not part of the extractor
create_feature_extractor(Masked(), ["conv"])
create_feature_extractor(Masked(), ["conv", "head"])
#                                            ^^^^ changed-behaviour: `mask` is None by default, and the traced path needs
create_feature_extractor(Masked(), ["head"], concrete_args={"mask": None})
create_feature_extractor(Lists(), ["norm"])
create_feature_extractor(Lists(), ["head"])
#                                   ^^^^ changed-behaviour: a tensor takes a different branch
create_feature_extractor(Caught(), ["conv"])
create_feature_extractor(Caught(), ["head"])
#                                    ^^^^ changed-behaviour: catches an error that only tracing raises
create_feature_extractor(Counting(), ["norm"])
create_feature_extractor(Counting(), ["head"])
#                                      ^^^^ changed-behaviour: keeps `calls` from one call to the next
