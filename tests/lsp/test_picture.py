"""The graph view's requests: levels, one node, the search, and what stands in their place; and the shape of all answers."""

from __future__ import annotations

from typing import Any

import pytest
from lens import Lens, Opened
from wire_shapes import misfit

from fxlens.lsp import wire

pytestmark = pytest.mark.asyncio(loop_scope="session")

HEAD = """\
from torchvision.models import resnet18, densenet121
from torchvision.models.feature_extraction import create_feature_extractor
"""
RESNET = HEAD + 'create_feature_extractor(resnet18(), ["layer1", "layer2.0.conv1", "laye|r4.1.relu_1"])\n'


async def graph(lens: Lens, document: Opened, **asked: Any) -> Any:
    answer = await lens.ask("graph", document, **{"mode": None, "open": None, **asked})
    assert misfit(answer, wire.Graph) is None
    return answer


async def settled(lens: Lens, name: str, text: str) -> Opened:
    document = lens.open(name, text)
    await lens.settled(document)
    return document


async def test_the_top_level_comes_with_what_is_known_of_the_call(lens: Lens) -> None:
    document = await settled(lens, "graph.py", RESNET)
    answer = await graph(lens, document)
    assert (answer["state"], answer["mode"], answer["differ"], answer["editable"]) == ("ready", "eval", False, True)
    assert answer["nodes"] == len(answer["strip"]) == 70
    assert answer["levels"][""]["names"][:3] == ["x", "conv1", "bn1"]
    assert answer["query"] == "layer4.1.relu_1"
    assert {query["text"]: query["selects"] for query in answer["queries"]} == {
        "layer1": ["layer1.1.relu_1"],
        "layer2.0.conv1": ["layer2.0.conv1"],
        "layer4.1.relu_1": ["layer4.1.relu_1"],
    }
    known = await graph(lens, document, known=answer["revision"], open=["layer1", "nothing"])
    assert (known["levels"], known["opened"]) == ({}, ["layer1"])


async def test_levels_come_one_at_a_time_and_only_of_the_graph_that_is_known(lens: Lens) -> None:
    document = await settled(lens, "graph.py", RESNET)
    revision = (await graph(lens, document))["revision"]
    answer = await lens.ask("graphLevels", document, mode="eval", revision=revision, paths=["layer1.0", "fc", "no"])
    assert misfit(answer, wire.GraphLevels) is None
    assert list(answer["levels"]) == ["layer1.0"]
    assert answer["levels"]["layer1.0"]["names"][-1] == "relu_1"
    stale = await lens.ask("graphLevels", document, mode="eval", revision=revision + 1, paths=["layer1.0"])
    assert (stale["stale"], stale["levels"]) == (True, {})


async def test_a_node_tells_what_it_reads_and_where_it_is_made(lens: Lens) -> None:
    document = await settled(lens, "graph.py", RESNET)
    node = await lens.ask("graphNode", document, mode="eval", path="layer2.0.add")
    assert misfit(node, wire.GraphNodeDetails) is None
    assert [one["path"] for one in node["reads"]] == ["layer2.0.bn2", "layer2.0.downsample.1"]
    assert node["readBy"] == [{"path": "layer2.0.relu_1", "shape": "1×128×28×28"}]
    assert node["place"].startswith("resnet.py:")
    group = await lens.ask("graphNode", document, mode="eval", path="layer4.1")
    assert misfit(group, wire.GraphNodeDetails) is None
    assert [one["path"] for one in group["reads"]] == ["layer4.0.relu_1"]
    assert group["chain"] == "model.layer4[-1]"
    assert group["sentences"] == ["as a query it selects its last node, layer4.1.relu_1 (ReLU)"]
    last = await lens.ask("graphNode", document, mode="eval", path="fc")
    assert [one["path"] for one in last["readBy"]] == ["\0output"]
    assert await lens.ask("graphNode", document, mode="eval", path="nothing") is None


async def test_the_search_counts_on_the_groups_of_the_levels_that_are_seen(lens: Lens) -> None:
    document = await settled(lens, "graph.py", RESNET)
    found = await lens.ask("graphFind", document, mode="eval", text="DOWNSAMPLE.0", open=["", "layer2"], limit=2)
    assert misfit(found, wire.GraphFound) is None
    assert (found["total"], found["paths"]) == (3, ["layer2.0.downsample.0", "layer3.0.downsample.0"])
    assert found["under"] == {"layer2": 1, "layer3": 1, "layer4": 1, "layer2.0": 1}
    assert (await lens.ask("graphFind", document, mode="eval", text=" ", open=[""], limit=9))["total"] == 0


async def test_both_modes_tell_what_each_has_alone(lens: Lens) -> None:
    document = lens.open("aux_features.py")
    await lens.settled(document)
    both = await graph(lens, document, mode="both")
    assert (both["mode"], both["differ"]) == ("both", True)
    assert "t" in both["levels"][""]["modes"]
    train = await graph(lens, document, mode="train")
    assert "aux_head" in train["levels"][""]["names"]
    assert "aux_head" not in (await graph(lens, document, mode="eval"))["levels"][""]["names"]


async def test_a_rule_stands_at_the_query_that_it_speaks_of(lens: Lens) -> None:
    text = HEAD + 'create_feature_extractor(resnet18(), ["layer1.0.rleu", "layer1"])\n'
    document = await settled(lens, "graph_rule.py", text)
    queries = {query["text"]: query for query in (await graph(lens, document))["queries"]}
    assert queries["layer1.0.rleu"]["rule"] == "unknown-node"
    assert queries["layer1.0.rleu"]["selects"] == []
    assert queries["layer1"]["rule"] is None


async def test_a_changed_model_keeps_its_picture_until_it_is_read(lens: Lens) -> None:
    document = await settled(lens, "graph_stale.py", RESNET.replace("|", ""))
    before = await graph(lens, document)
    lens.edit(document, "resnet18()", "resnet18(num_classes=7)")
    between = await graph(lens, document)
    assert between["state"] in ("stale", "ready", "none", "pending")
    await lens.settled(document)
    after = await graph(lens, document)
    assert after["state"] == "ready"
    assert after["revision"] != before["revision"]
    assert "1×7" in after["levels"][""]["shapes"]


async def test_a_model_that_cannot_be_traced_shows_its_modules(lens: Lens) -> None:
    text = """\
import torch
from torchvision.models.feature_extraction import create_feature_extractor


class Picky(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.body = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1), torch.nn.ReLU())

    def forward(self, x):
        return self.body(x) if x.sum() > 0 else x


create_feature_extractor(Picky(), ["body"])
"""
    document = await settled(lens, "graph_picky.py", text)
    answer = await graph(lens, document)
    assert answer["modes"] == ["eval", "train"], "a run of the model gives its module calls"
    assert "torch.fx cannot trace the model" in answer["message"]
    assert answer["levels"][""]["names"] == ["body"]
    assert answer["levels"]["body"]["whats"] == ["Conv2d", "ReLU"]


@pytest.mark.parametrize("text", ["x = 1\n", HEAD + "create_feature_extractor(unknown_model, [])\n"])
async def test_where_there_is_no_model_the_answer_says_why(lens: Lens, text: str) -> None:
    document = await settled(lens, "graph_none.py", text)
    answer = await graph(lens, document)
    assert (answer["className"], answer["levels"]) == ("", {})
    assert answer["message"]
    assert await lens.ask("graphNode", document, mode="eval", path="fc") is None
    assert (await lens.ask("graphFind", document, mode="eval", text="x", open=[], limit=1))["total"] == 0


async def test_older_answers_are_what_they_are_described_to_be(lens: Lens) -> None:
    document = await settled(lens, "graph.py", RESNET)
    assert misfit(await lens.tree(document), wire.Tree) is None
    for rows in (await lens.children(document, ""), await lens.tree_path(document, "layer1.0.conv1")):
        assert rows
        assert [misfit(row, wire.TreeItem) for row in rows] == [None] * len(rows)
    models = await lens.tree_models(document)
    assert [misfit(model, wire.Model) for model in models] == [None]
    toggled = await lens.ask("toggleQuery", document, path="fc", asked=True)
    assert misfit(toggled, wire.Toggled) is None
    assert misfit(lens.statuses[document.uri], wire.Status) is None
    assert misfit(await lens.tree(lens.open("empty.py", "")), wire.Tree) is None
