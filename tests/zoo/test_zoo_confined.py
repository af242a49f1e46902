"""Models are built and traced in a confined process exactly as without: caches and lazy modules cost them nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from zoo_models import TIMM, TORCHVISION, UNTRACEABLE

sys.path.insert(0, str(Path(__file__).parent.parent / "unit" / "worker"))
from worker_harness import NEEDS_KERNEL, Workshop, start_worker

from fxlens.worker import confinement

pytestmark = NEEDS_KERNEL
LAZY = """\
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.LazyConv2d(8, 3)
        self.norm = nn.LazyBatchNorm2d()
        self.cache = {}

    def forward(self, x):
        return self.norm(self.conv(x))

model = Net()
"""


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workshop, Workshop]]:
    """One that the kernel confines, and one that it does not."""
    with ExitStack() as stack:
        both = [
            stack.enter_context(start_worker(environment={**os.environ, confinement.OFF: off})) for off in ("", "1")
        ]
        for worker in both:
            worker.folder = tmp_path_factory.getbasetemp()
        yield both[0], both[1]


def check(workers: tuple[Workshop, Workshop], source: str, dialect: str = "torchvision") -> None:
    confined, free = (worker.trace(source, dialect=dialect) for worker in workers)
    assert (confined.graph, confined.failure, confined.output) == (free.graph, free.failure, free.output)
    assert confined.graph is not None
    assert not [failure for failure in confined.graph.failures if failure.kind == "refused"]


@pytest.mark.parametrize("name", [name for name in TORCHVISION if name not in UNTRACEABLE][::4])
def test_torchvision_model(workers: tuple[Workshop, Workshop], name: str) -> None:
    check(workers, f"from torchvision.models import get_model\nmodel = get_model({name!r}, weights=None)\n")


@pytest.mark.timm
@pytest.mark.parametrize("name", TIMM[::8])
def test_timm_model(workers: tuple[Workshop, Workshop], name: str) -> None:
    check(workers, f"import timm\nmodel = timm.create_model({name!r})\n", "timm")


def test_lazy_modules(workers: tuple[Workshop, Workshop]) -> None:
    check(workers, LAZY)
