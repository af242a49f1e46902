"""From code to names: hover, actions and hints on the operations of ``forward``."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torchvision.models.resnet
from lens import Lens, Opened
from lsprotocol import types

pytestmark = pytest.mark.asyncio(loop_scope="session")

TEXT = """\
import torch
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 3, padding=1)
        self.relu = nn.ReLU()

    def forward(self, x):
        y = self.relu(self.conv(x))
        y += x
        return self.relu(y)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.blocks = nn.Sequential(Block(), Block(), Block())
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(8 * 112 * 112, 10))

    def forward(self, x):
        x = torch.tanh(self.blocks(self.stem(x))).clamp(0)
        size = x.shape[0]
        if self.training:
            x = x.neg()
        return self.head(
            torch
            .flip(x, [0]),
        )


net = Net()
ext = create_feature_extractor(net, ["blocks"])
other = create_feature_extractor(net, {"stem": "a"})
"""
EXACT = sys.version_info >= (3, 11)


async def opened(lens: Lens) -> Opened:
    document = lens.open("code_here.py", TEXT)
    await lens.settled(document)
    return document


@pytest.mark.skipif(not EXACT, reason="Python 3.10 knows lines only")
async def test_an_operation_tells_its_names(lens: Lens) -> None:
    document = await opened(lens)
    for part, said in {
        "stem(x)": "stem of net · Conv2d · 1×3×224×224 → 1×8×112×112",
        "blocks(": "blocks of net · Sequential · 1×8×112×112",
        "tanh": "tanh of net · tanh operation · 1×8×112×112 → 1×8×112×112",
        "clamp": "clamp of net · clamp operation",
        "conv(x)": "3 nodes, 1 shape of net - blocks.{0,1,2}.conv · 1×8×112×112",
        "relu(self": "blocks.{0,1,2}.relu · 1×8×112×112",
        "relu(y)": "blocks.{0,1,2}.relu_1 · 1×8×112×112",
        " += x": "blocks.{0,1,2}.add · 1×8×112×112",
        "neg()": "neg of net · neg operation · 1×8×112×112 → 1×8×112×112 · train only",
        "head(\n": "head of net · Sequential · 1×10 inside: 2 nodes, 2 shapes",
        "flip(": "flip of net",
    }.items():
        card = (await lens.hover(document, part) or "").replace("*", "").replace("`", "")
        assert said in " ".join(card.split()), part


async def test_other_code_tells_nothing(lens: Lens) -> None:
    document = await opened(lens)
    for part in ("self.stem(x)", "x.shape", "[0]\n", "if self.training", "super()", "Block(), Block"):
        assert await lens.hover(document, part) is None, part


async def test_code_of_a_library_tells_the_names_of_open_models(lens: Lens) -> None:
    text = """\
from torchvision.models import resnet18, resnet50
from torchvision.models.feature_extraction import create_feature_extractor
first = create_feature_extractor(resnet18(), ["layer1"])
second = create_feature_extractor(resnet50(), ["layer1"])
"""
    library = Path(torchvision.models.resnet.__file__)
    document = lens.open("two_models.py", text)
    await lens.settled(document)
    source = lens.open(str(library))
    card = (await lens.hover(source, "layer3(x)") or "").replace("*", "").replace("`", "")
    assert "layer3 of resnet18() · Sequential · 1×256×14×14" in card
    assert "layer3 of resnet50() · Sequential · 1×1024×14×14" in card
    card = await lens.hover(source, "bn3(out)") or ""
    assert "16 nodes, 4 shapes" in card
    assert "`layer3.{0…5}.bn3` · 1×1024×14×14" in card
    assert "resnet18" not in card
    lens.edit(source, "class Bottleneck", "\n\nclass Bottleneck")
    assert await lens.hover(source, "layer3(x)") is None


async def actions_at(
    lens: Lens, document: Opened, part: str, only: list[str] | None = None
) -> list[types.CodeAction | types.Command]:
    """The actions at a place; this client takes one that only runs a command for the command itself, as text."""
    at = document.position_of(part, 1)
    context = types.CodeActionContext([], only=only)
    params = types.CodeActionParams(types.TextDocumentIdentifier(document.uri), types.Range(at, at), context)
    answer = await lens.client.text_document_code_action_async(params)
    return list(answer or [])


@pytest.mark.skipif(not EXACT, reason="Python 3.10 knows lines only")
async def test_a_name_is_copied_and_added_from_its_line(lens: Lens, request: pytest.FixtureRequest) -> None:
    can_copy = "vscode" in request.node.name
    document = await opened(lens)
    actions = {action.title: action for action in await actions_at(lens, document, "clamp")}
    line = document.text[: document.text.index("ext = ")].count("\n") + 1
    first = f"Add `clamp` to the return nodes of `create_feature_extractor`, code_here.py:{line}"
    second = first.replace(f":{line}", f":{line + 1}")
    assert {first, second} <= set(actions)
    one, other = actions[first], actions[second]
    assert isinstance(one, types.CodeAction)
    assert isinstance(other, types.CodeAction)
    assert lens.applied(document, one) == document.text.replace('["blocks"]', '["blocks", "clamp"]')
    assert lens.applied(document, other).endswith('{"stem": "a", "clamp": "clamp"})\n')
    copy = actions.get("Copy node name `clamp`")
    assert (copy is not None) == can_copy
    if copy is not None:
        assert "fxlens.copyText" in str(copy.command)
        assert "['clamp', 'clamp']" in str(copy.command)
    assert await actions_at(lens, document, "clamp", ["quickfix"]) == []
    titles = [action.title for action in await actions_at(lens, document, "conv(x)")]
    assert ("Copy all node names `blocks.{0,1,2}.conv`" in titles) == can_copy
    assert len([title for title in titles if title.startswith("Add ")]) == 6


async def test_what_a_call_requests_is_not_added_to_it_again(lens: Lens) -> None:
    titles = [action.title for action in await actions_at(lens, await opened(lens), "stem(x)")]
    assert len([title for title in titles if title.startswith("Add `stem`")]) == 1
