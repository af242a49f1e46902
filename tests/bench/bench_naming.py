"""Naming and whole calls against torchvision's, in one process, over growing models of three shapes.

    python tests/bench/bench_naming.py [--sizes 100,1000,10000] [--alone 50000] [--repeat 3]

Printed are CPU seconds (the best of the repeats) and ratios:

* ``names``: node names of both modes; ``call``: a whole ``create_feature_extractor`` with one query at the end.
* ``over fx``: our names against two bare ``torch.fx.Tracer`` traces of the same model. Budget: at most 1.10.
* ``x torchvision``: how often ours fits into torchvision's time. Budget: at least 50 at 10 000 nodes of blocks.
* ``growth``: the exponent between the last two sizes (1 is linear).
"""

from __future__ import annotations

import argparse
import gc
import math
import time
from collections.abc import Callable
from typing import Any

import torch
import torchvision.models.feature_extraction as theirs
from torch import fx, nn

import fxlens


class Block(nn.Module):
    """Five nodes: two layers, an operation, two functions."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 1)
        self.relu = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(nn.functional.relu(self.relu(self.conv(x)) + 1))


class Scale(nn.Module):
    """Two nodes: a parameter and an operation."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.weight


SHAPES: dict[str, Callable[[int], nn.Module]] = {
    "blocks": lambda size: nn.Sequential(*[Block() for _ in range(size // 5)]),
    "leaves": lambda size: nn.Sequential(*[nn.ReLU() for _ in range(size)]),
    "params": lambda size: nn.Sequential(*[Scale() for _ in range(size // 2)]),
}


def seconds(function: Callable[[], Any], repeat: int) -> float:
    best = math.inf
    for _ in range(repeat):
        gc.collect()
        start = time.process_time()
        function()
        best = min(best, time.process_time() - start)
        if best > 5:
            break
    return best


def measure(model: nn.Module, repeat: int, with_torchvision: bool, with_fx: bool) -> dict[str, float]:
    last = list(dict(model.named_children()))[-1]

    def bare() -> None:
        for mode in (True, False):
            fx.Tracer().trace(model.train(mode))

    def our_names() -> Any:
        return fxlens.get_graph_node_names_by_mode(model, naming="torchvision")

    result = {
        "fx": seconds(bare, repeat) if with_fx else math.nan,
        "names": seconds(our_names, repeat),
        "call": seconds(lambda: fxlens.create_feature_extractor(model, [last], naming="torchvision"), repeat),
    }
    if with_torchvision:
        names: list[Any] = []
        result["their names"] = seconds(lambda: names.append(theirs.get_graph_node_names(model)), repeat)
        result["their call"] = seconds(lambda: theirs.create_feature_extractor(model, [last]), repeat)
        assert tuple(our_names()) == names[-1], "the lists differ"
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="100,1000,10000")
    parser.add_argument("--alone", default="50000", help="sizes at which torchvision is left out")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--shapes", default=",".join(SHAPES))
    options = parser.parse_args()
    compared = [int(size) for size in options.sizes.split(",") if size]
    alone = [int(size) for size in options.alone.split(",") if size]
    columns = (
        "fx",
        "names",
        "over fx",
        "torchvision",
        "x torchvision",
        "call",
        "torchvision",
        "x torchvision",
        "growth",
    )
    for shape in options.shapes.split(","):
        print(f"\n{shape:8}" + "".join(f"{column:>14}" for column in columns), flush=True)
        before: tuple[int, float] | None = None
        for size in compared + alone:
            # torch.fx itself is quadratic in parameters that are read: minutes at the largest size.
            found = measure(
                SHAPES[shape](size), options.repeat, size in compared, size in compared or shape != "params"
            )
            cells = [f"{found['fx']:.3f}", f"{found['names']:.3f}", f"{found['names'] / found['fx']:.2f}"]
            for ours in ("names", "call"):
                if ours == "call":
                    cells.append(f"{found['call']:.3f}")
                reference = found.get(f"their {ours}")
                cells += ["", ""] if reference is None else [f"{reference:.3f}", f"{reference / found[ours]:.1f}"]
            growth = math.log(found["names"] / before[1]) / math.log(size / before[0]) if before else math.nan
            cells.append(f"{growth:.2f}")
            print(f"{size:8}" + "".join(f"{cell:>14}" for cell in cells), flush=True)
            before = (size, found["names"])


if __name__ == "__main__":
    main()
