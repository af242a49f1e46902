"""Every rule by its page's own examples: the wrong one is marked and linked, the right one is not, its fixes correct it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from lens import Lens
from lsprotocol import types
from pygls.uris import to_fs_path

from fxlens.checks import RULES

pytestmark = pytest.mark.asyncio(loop_scope="session")

MENDED_BY_FIX = (
    "unknown-node",
    "mode-specific-node",
    "duplicate-output",
    "invalid-arguments",
    "untraceable-model",
)


@pytest.mark.parametrize("code", RULES)
async def test_the_wrong_example_is_marked_and_linked_to_its_page(lens: Lens, code: str) -> None:
    document = lens.open("rule_here.py", RULES[code].wrong)
    found = await lens.settled(document)
    marked = [one for one in found if one.code == code]
    assert marked, [one.message for one in found]
    assert marked[0].code_description
    assert Path(to_fs_path(marked[0].code_description.href) or "").read_text(encoding="utf-8").startswith(f"# {code}\n")


@pytest.mark.parametrize("code", [code for code in RULES if RULES[code].right])
async def test_the_right_example_is_silent(lens: Lens, code: str) -> None:
    document = lens.open("rule_here.py", RULES[code].right)
    assert [one.message for one in await lens.settled(document)] == []


@pytest.mark.parametrize("code", MENDED_BY_FIX)
async def test_the_preferred_fix_mends_the_example(lens: Lens, code: str) -> None:
    document = lens.open("rule_here.py", RULES[code].wrong)
    found = await lens.settled(document)
    (action,) = [one for one in await lens.actions(document, found[0]) if one.is_preferred]
    fixed = lens.applied(document, action)
    ast.parse(fixed)
    again = lens.open("rule_fixed.py", fixed)
    assert [one.message for one in await lens.settled(again)] == []


@pytest.mark.parametrize("code", RULES)
async def test_ignoring_silences_the_line(lens: Lens, code: str) -> None:
    document = lens.open("rule_here.py", RULES[code].wrong)
    found = next(one for one in await lens.settled(document) if one.code == code)
    (action,) = [one for one in await lens.actions(document, found) if one.title.startswith("Ignore " + code)]
    fixed = lens.applied(document, action)
    ast.parse(fixed)
    again = lens.open("rule_ignored.py", fixed)
    silenced = [(one.code, one.range.start.line) for one in await lens.settled(again)]
    assert (code, found.range.start.line) not in silenced


async def test_all_of_a_kind_are_fixed_at_once(lens: Lens) -> None:
    text = RULES["unknown-node"].wrong.replace('["', "['layer1.0.con1', 'layer2.0.con2', \"")
    document = lens.open("rule_here.py", text)
    found = await lens.settled(document)
    assert len(found) == 3
    (action,) = [one for one in await lens.actions(document, found[0]) if one.title.startswith("Fix all")]
    again = lens.open("rule_fixed.py", lens.applied(document, action))
    assert await lens.settled(again) == []
    (action,) = await lens.source_actions(document, "source.fixAll")
    assert action.kind == "source.fixAll.fxlens"
    assert lens.applied(document, action) == again.text


async def test_only_what_is_asked_for_is_offered(lens: Lens) -> None:
    document = lens.open("rule_here.py", RULES["unknown-node"].wrong)
    await lens.settled(document)
    assert await lens.source_actions(document, types.CodeActionKind.Refactor.value) == []


async def test_fix_all_changes_nothing_that_is_a_guess(lens: Lens) -> None:
    document = lens.open(
        "rule_here.py",
        "from torchvision.models import convnext_tiny, resnet18\n"
        "from torchvision.models.feature_extraction import create_feature_extractor\n"
        "create_feature_extractor(convnext_tiny(), {'features.9': 'last'})\n"
        "create_feature_extractor(resnet18(), {'layer5': 'last', 'layer6': 'other'})\n",
    )
    found = await lens.settled(document)
    assert len(found) == 3
    assert await lens.source_actions(document, "source.fixAll") == []
    for one in found:
        actions = await lens.actions(document, one)
        assert not [action for action in actions if action.is_preferred or action.title.startswith("Fix all")]
        assert actions[0].title in ("Replace with `features.7`", "Replace with `layer4`")


async def test_after_a_rename_the_new_name_comes_first(lens: Lens) -> None:
    document = lens.open(
        "rule_here.py",
        "from torch import nn\n"
        "from torchvision.models.feature_extraction import create_feature_extractor\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.stage1 = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())\n"
        "        self.stage2 = nn.Sequential(nn.Conv2d(8, 8, 3), nn.ReLU())\n"
        "    def forward(self, x):\n"
        "        return self.stage2(self.stage1(x))\n"
        "create_feature_extractor(Net(), ['stage1.0'])\n",
    )
    assert await lens.settled(document) == []
    lens.edit(document, "self.stage1", "self.stage_one")
    lens.edit(document, "self.stage1", "self.stage_one")
    (found,) = await lens.settled(document)
    assert found.message.startswith("Did you mean `stage_one.0`")
    (first, *_) = await lens.actions(document, found)
    assert first.title == "Replace with `stage_one.0`"
