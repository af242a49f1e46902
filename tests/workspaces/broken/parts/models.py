import sys

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x)


class Picky(Net):
    def __init__(self, depth: int) -> None:
        super().__init__()
        if depth % 2:
            raise ValueError(f"depth must be even, got {depth}")


class Endless(Net):
    def __init__(self) -> None:
        super().__init__()
        while True: pass  # On one line, so that it is always this one that is named.


class Branching(Net):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.sum() > 0:
            return self.conv(x)
        return x


class Loud(Net):
    """Prints half a line and a whole message of the protocol to where other workers keep their pipe."""

    def __init__(self) -> None:
        super().__init__()
        print("loading 50%", end="", flush=True)
        print('Content-Length: 2\r\n\r\n{}', flush=True)
        sys.__stdout__.write("done")
        sys.__stdout__.flush()
