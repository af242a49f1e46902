"""The tree as one uses it: one mode, a filter, a way to a node, ticks that edit the text, long levels."""

from __future__ import annotations

from pathlib import Path

import pytest
from lens import Lens

pytestmark = pytest.mark.asyncio(loop_scope="session")

HEAD = """\
from torchvision.models import resnet18, vit_b_16
from torchvision.models.feature_extraction import create_feature_extractor
"""

WIDE = """\
import torch
from torchvision.models.feature_extraction import create_feature_extractor


class Wide(torch.nn.Module):
    def __init__(self):
        super().__init__()
        for at in range(1200):
            self.add_module(f"act{at}", torch.nn.ReLU())

    def forward(self, x):
        for at in range(1200):
            x = getattr(self, f"act{at}")(x)
        return x


create_feature_extractor(Wide(), ["act7"])
"""


async def test_one_mode_shows_its_own_nodes_only(lens: Lens) -> None:
    document = lens.open("aux_features.py")
    await lens.settled(document)
    labels = {
        mode: [row["label"] for row in await lens.children(document, "", mode=mode)] for mode in ("train", "eval")
    }
    assert "aux_head" in labels["train"]
    assert "aux_head" not in labels["eval"]
    assert "aux_head" in [row["label"] for row in await lens.children(document, "", mode="both")]


async def test_a_filter_leaves_what_fits_and_the_way_to_it(lens: Lens) -> None:
    document = lens.open("filtered.py", HEAD + 'create_feature_extractor(resnet18(), ["fc"])\n')
    await lens.settled(document)
    answer = await lens.tree(document, filter="Downsample.0")
    assert answer["matches"] == 3
    assert "3 of 70 nodes" in answer["message"]
    top = [row["label"] for row in await lens.children(document, "", filter="downsample.0")]
    assert top == ["layer2", "layer3", "layer4"]
    rows = await lens.children(document, "layer2.0", filter="downsample.0")
    assert [row["label"] for row in rows] == ["downsample"]
    assert [row["label"] for row in await lens.children(document, "", filter="avgpool2d")] == ["avgpool"]
    assert (await lens.tree(document, filter="nothing like it"))["matches"] == 0
    assert await lens.children(document, "", filter="nothing like it") == []


async def test_the_way_to_a_node_leads_from_the_top(lens: Lens) -> None:
    document = lens.open("way.py", HEAD + 'create_feature_extractor(resnet18(), ["layer1.0|.relu_1"])\n')
    await lens.settled(document)
    assert (await lens.tree(document, document.cursor))["query"] == "layer1.0.relu_1"
    way = await lens.tree_path(document, "layer1.0.relu_1")
    assert [row["id"] for row in way] == ["layer1", "layer1.0", "layer1.0.relu_1"]
    assert await lens.tree_path(document, "layer1.9") == []
    assert await lens.tree_path(document, "layer1.0.relu_1", filter="fc") == []


async def test_a_long_level_comes_in_groups(lens: Lens) -> None:
    document = lens.open("wide.py", WIDE)
    await lens.settled(document)
    groups = await lens.children(document, "")
    assert [row["label"] for row in groups] == [
        "1 – 500",
        "501 – 1,000",
        "1,001 – 1,201",
    ]
    rows = await lens.children(document, groups[1]["id"])
    assert len(rows) == 500
    assert rows[0]["id"] == "act499"
    way = await lens.tree_path(document, "act499")
    assert [row["id"] for row in way] == [groups[1]["id"], "act499"]


async def test_the_models_of_a_file_are_listed_with_their_calls(lens: Lens) -> None:
    text = HEAD + 'create_feature_extractor(resnet18(), ["fc"])\ncreate_feature_extractor(vit_b_16(), ["ln"])\n'
    document = lens.open("two_models.py", text)
    await lens.settled(document)
    found = await lens.tree_models(document)
    assert [(one["label"], one["line"]) for one in found] == [
        ("ResNet", 2),
        ("VisionTransformer", 3),
    ]


async def test_a_tick_edits_the_nearest_call_and_nothing_is_wrong_with_it(
    lens: Lens,
) -> None:
    text = (
        HEAD
        + 'a = create_feature_extractor(resnet18(), {"fc": "𝔸"})\nb = create_feature_extractor(resnet18(), [|"fc"])\n'
    )
    document = lens.open("ticks.py", text)
    await lens.settled(document)
    assert (await lens.tree(document, document.cursor))["queries"] == ["fc"]
    after, problem = await lens.toggled(document, "layer1.0.conv1", True)
    assert problem is None
    assert after == document.text.replace('["fc"]', '["fc", "layer1.0.conv1"]')
    lens.edit(document, '["fc"]', '["fc", "layer1.0.conv1|"]')
    assert await lens.settled(document) == []
    assert (await lens.tree(document, document.cursor))["queries"] == [
        "fc",
        "layer1.0.conv1",
    ]
    after, problem = await lens.toggled(document, "fc", False)
    assert (after, problem) == (
        document.text.replace('["fc", "layer1.0.conv1"]', '["layer1.0.conv1"]'),
        None,
    )


BRANCHES = (
    HEAD
    + """
def build(deep):
    if deep:
        model = vit_b_16()
        names = ["conv_proj"]
    else:
        model = resnet18()
        names = ["layer2"]
    return create_feature_extractor(model, names)
"""
)


@pytest.mark.parametrize(
    ("model", "query", "other"),
    [("VisionTransformer", "conv_proj", "encoder.ln"), ("ResNet", "layer2", "fc")],
)
async def test_a_tick_goes_to_the_names_of_the_model_that_is_shown(
    lens: Lens, model: str, query: str, other: str
) -> None:
    document = lens.open("branches.py", BRANCHES)
    await lens.settled(document)
    shown = next(one["model"] for one in await lens.tree_models(document) if one["label"] == model)
    assert (await lens.tree(document, model=shown))["queries"] == [query]
    after, problem = await lens.toggled(document, other, True, model=shown)
    assert problem is None
    assert after == document.text.replace(f'["{query}"]', f'["{query}", "{other}"]')
    after, problem = await lens.toggled(document, query, False, model=shown)
    assert problem is None
    assert after == document.text.replace(f'["{query}"]', "[]")


async def test_the_rows_are_told_to_be_the_same_until_the_graph_is_another(lens: Lens) -> None:
    document = lens.open("revisions.py", HEAD + 'a = create_feature_extractor(resnet18(), ["|fc"])\n')
    await lens.settled(document)
    first = (await lens.tree(document))["revision"]
    lens.edit(document, '["fc"]', '["fc", "layer1|"]')
    await lens.settled(document)
    assert (await lens.tree(document))["revision"] == first
    lens.edit(document, "resnet18()", "resnet18(num_classes=7)|")
    await lens.settled(document)
    assert (await lens.tree(document))["revision"] != first


@pytest.mark.parametrize("unfinished", ["x = [1, 2", "def f(:", 'y = out["lay', "if x", "class Net(", "print("])
async def test_a_whole_call_is_ticked_while_another_line_is_unfinished(lens: Lens, unfinished: str) -> None:
    call = 'create_feature_extractor(resnet18(), ["layer1"])\n'
    document = lens.open("unfinished_line.py", f"{HEAD}{call}\n{unfinished}\n")
    await lens.settled(document)
    after, problem = await lens.toggled(document, "fc", True)
    assert not problem
    assert after == document.text.replace('["layer1"]', '["layer1", "fc"]')


async def test_a_call_that_is_unfinished_itself_is_not_edited(lens: Lens) -> None:
    document = lens.open("unfinished_call.py", f'{HEAD}create_feature_extractor(resnet18(), ["layer1", "\n')
    await lens.settled(document)
    assert await lens.toggled(document, "fc", True) == (document.text, "Fix the syntax error in this call first.")


async def test_what_cannot_be_ticked_is_said(lens: Lens) -> None:
    text = """\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import get_graph_node_names
get_graph_node_names(resnet18())
"""
    document = lens.open("names_only.py", text)
    await lens.settled(document)
    assert (await lens.tree(document))["editable"] is False
    after, problem = await lens.toggled(document, "fc", True)
    assert after == document.text
    assert problem == "get_graph_node_names takes no names."


VIT = HEAD + 'create_feature_extractor(vit_b_16(), ["getitem"])\n'


async def test_sizes_and_checks_are_hidden_unless_they_are_wanted_or_requested(lens: Lens) -> None:
    document = lens.open("tree_vit.py", VIT)
    await lens.settled(document)
    every = [row["label"] for row in await lens.children(document, "")]
    assert {"getattr", "eq", "_assert", "floordiv", "getitem", "getitem_1"} < set(every)
    shown = [row["label"] for row in await lens.children(document, "", plumbing=False)]
    assert {"x", "conv_proj", "encoder", "heads", "class_token"} < set(shown)
    assert "getitem" in shown, "the call requests it"
    assert {"getattr", "eq", "_assert", "floordiv", "getitem_1"}.isdisjoint(shown)
    filtered = [row["label"] for row in await lens.children(document, "", plumbing=False, filter="floordiv")]
    assert filtered == ["floordiv", "floordiv_1"], "who looks for one finds it"
    root = (await lens.tree(document, plumbing=False))["root"]
    assert "of them sizes and checks" in root["description"]


async def test_a_container_leads_to_the_line_that_sets_it(lens: Lens) -> None:
    document = lens.open("tree_net.py", HEAD + 'create_feature_extractor(resnet18(), ["layer1"])\n')
    await lens.settled(document)

    async def line(path: str) -> str:
        source = await lens.ask("treeSource", document, path=path)
        lines = Path(source["uri"].removeprefix("file://")).read_text(encoding="utf-8").split("\n")
        return lines[source["line"]]

    assert "self.layer1 = self._make_layer" in await line("layer1")
    assert "def forward" in await line("layer1.0")
    assert "self.downsample = downsample" in await line("layer2.0.downsample")
    assert "self.conv1(x)" in await line("conv1")
    assert await lens.ask("treeSource", document, path="layer9") is None
    (row,) = [row for row in await lens.children(document, "") if row["label"] == "layer1"]
    assert "container.py" not in row["tooltip"]
    assert "1×64×56×56 → 1×64×56×56, for an input of 1×3×224×224 (guessed)" in row["tooltip"]


async def test_the_line_above_the_tree_says_which_call_it_is(lens: Lens) -> None:
    text = (
        HEAD
        + 'one = create_feature_extractor(resnet18(), ["layer1", "fc", "layer9"])\ntwo = create_feature_extractor(resnet18(num_classes=2), [])\n'
    )
    document = lens.open("tree_two.py", text)
    await lens.settled(document)
    one = (await lens.tree(document, document.position_of("one")))["summary"]
    two = (await lens.tree(document, document.position_of("two")))["summary"]
    assert one.startswith("Line 3: resnet18() · 2 of 70 nodes selected")
    assert two.startswith("Line 4: resnet18(num_classes=2) · 0 of 70 nodes selected")
