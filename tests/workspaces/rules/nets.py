"""Small models in which one thing goes wrong each."""

import torch
from torch import nn


class Unused(nn.Module):
    """Registers modules that `forward` does not compute with."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.skipped = nn.Conv2d(8, 8, 3)
        self.same = Same()

    def forward(self, x):
        return self.same(self.conv(x))


class Same(nn.Module):
    def forward(self, x):
        return x


class Wrapped(nn.Module):
    """Holds another model."""

    def __init__(self):
        super().__init__()
        self.backbone = Unused()

    def forward(self, x):
        return self.backbone(x)


class TwoModes(nn.Module):
    """Has a second head while it is trained."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3)
        self.head = nn.Conv2d(8, 4, 1)
        self.aux_head = nn.Conv2d(8, 4, 1)

    def forward(self, x):
        x = self.stem(x)
        if self.training:
            return self.head(x), self.aux_head(x)
        return self.head(x)


class SharedNames(nn.Module):
    """A numbered leaf whose name torchvision gives to another one's output."""

    def __init__(self):
        super().__init__()
        self.norm_1 = nn.BatchNorm2d(3)
        self.norm_2 = nn.InstanceNorm2d(3)

    def forward(self, x):
        return self.norm_2(self.norm_1(x))


class Functional(nn.Module):
    """Registers a module, and does what it would do by a function."""

    def __init__(self):
        super().__init__()
        self.relu = nn.ReLU()

    def forward(self, x):
        return torch.relu(x)


class Again(nn.Module):
    """Runs one module three times."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)

    def forward(self, x):
        return self.conv(self.conv(self.conv(x)))


class Sizes(nn.Module):
    """Has nodes that are no tensors."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(64, 16, batch_first=True)

    def forward(self, x):
        x = x.mean(1)
        batch = x.size(0)
        shape = x.shape
        y, _ = self.lstm(x)
        parts = torch.split(y, 8, 2)
        return parts[0].reshape(batch, -1), shape


class InPlace(nn.Module):
    """Writes into earlier results."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.relu = nn.ReLU(inplace=True)
        self.head = nn.Conv2d(8, 4, 1)

    def forward(self, x):
        return self.head(self.relu(self.norm(self.conv(x))))


class Statement(nn.Module):
    """Writes into a tensor and drops the result of doing so."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.relu = nn.ReLU(inplace=True)
        self.head = nn.Conv2d(8, 4, 1)

    def forward(self, x):
        x = self.conv(x)
        self.relu(x)
        return self.head(x)


class Underscore(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc_norm = nn.ReLU()
        self.enc = nn.ModuleDict({"norm": nn.ReLU()})

    def forward(self, x):
        return self.enc["norm"](self.enc_norm(x))
