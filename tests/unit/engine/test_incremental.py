"""What an edit costs: nothing is evaluated unless the slice, or a file that it imports, says something else."""

from __future__ import annotations

import pytest
from engine_harness import Desk, names

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXT = '''\
"""A script."""
import nets
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor

RATE = 0.1  # a comment


def train(loader, rate=RATE):
    for images in loader:
        print(images.mean() * rate)


class Meter:
    def __init__(self):
        self.values = [1, 2]


model = nets.build(8)
extractor = create_feature_extractor(
    model,
    return_nodes={"conv": "out"},
)
'''
NETS = "from layers.blocks import block\n\n\ndef build(width):\n    return block(width)\n"
BLOCKS = """\
from collections import OrderedDict

from torch import nn


def block(width):
    return nn.Sequential(OrderedDict(conv=nn.Conv2d(3, width, 3), act=nn.ReLU()))
"""


def requests(desk: Desk) -> int:
    """How many traces the worker was asked for."""
    return sum(phase == "start" for _, phase in desk.phases)


async def opened(desk: Desk) -> str:
    desk.write("nets.py", NETS)
    desk.write("layers/__init__.py", "")
    desk.write("layers/blocks.py", BLOCKS)
    desk.configure()
    uri = desk.open(TEXT)
    assert names(await desk.settled(uri))[1:] == ("conv", "act")
    assert requests(desk) == 1
    return uri


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"conv": "out"', '"con": "out"'),
        ('"conv": "out"', '"conv": "out", "'),
        ("# a comment", "# another comment, with create_feature_extractor(model) in it"),
        ('"""A script."""', '"""A script\nof more lines."""'),
        ("images.mean() * rate", "images.max() / rate"),
        ("images.mean() * rate", "images.mean( * rate"),
        ("self.values = [1, 2]", "self.values = {}"),
        ("RATE = 0.1", "RATE = 0.2"),
        ("class Meter:", "def helper():\n    return 1\n\n\nclass Meter:"),
        ("extractor = create", "\n\n\nextractor = create"),
    ],
)
async def test_an_edit_beside_the_slice_evaluates_nothing(desk: Desk, old: str, new: str) -> None:
    uri = await opened(desk)
    assert old in TEXT
    desk.engine.change(uri, TEXT.replace(old, new), 2)
    state = await desk.settled(uri)
    assert (state.status, state.stale, requests(desk)) == ("ready", False, 1)


@pytest.mark.parametrize(("old", "new"), [("nets.build(8)", "nets.build(9)"), ("    model,", "    model[:1],")])
async def test_an_edit_of_the_slice_is_evaluated(desk: Desk, old: str, new: str) -> None:
    uri = await opened(desk)
    desk.engine.change(uri, TEXT.replace(old, new), 2)
    await desk.settled(uri)
    assert requests(desk) == 2


@pytest.mark.parametrize("name", ["nets.py", "layers/blocks.py", "layers/__init__.py"])
async def test_every_module_that_was_imported_counts(desk: Desk, name: str) -> None:
    uri = await opened(desk)
    text = {"nets.py": NETS, "layers/blocks.py": BLOCKS, "layers/__init__.py": ""}[name]
    desk.engine.file_changed(desk.write(name, text + "\nCHANGED = True\n"))
    await desk.settled(uri)
    assert requests(desk) == 2


async def test_a_module_that_was_not_imported_does_not_count(desk: Desk) -> None:
    uri = await opened(desk)
    desk.engine.file_changed(desk.write("layers/other.py", "CHANGED = True\n"))
    desk.engine.file_changed(desk.write("notes.py", "CHANGED = True\n"))
    await desk.settled(uri)
    assert requests(desk) == 1
