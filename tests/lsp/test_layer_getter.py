"""torchvision's IntermediateLayerGetter in the editor: direct children only."""

from __future__ import annotations

import ast

import pytest
from lens import Lens
from lsprotocol import types

pytestmark = pytest.mark.asyncio(loop_scope="session")

HEAD = """\
from torchvision.models import resnet18
from torchvision.models._utils import IntermediateLayerGetter

"""


async def test_the_direct_children_are_completed_in_the_order_of_definition(lens: Lens) -> None:
    document = lens.open("getter_here.py", HEAD + 'IntermediateLayerGetter(resnet18(), {"|": "x"})\n')
    await lens.settled(document)
    answer = await lens.complete(document)
    assert answer
    labels = [item.label for item in answer.items]
    assert labels == ["conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4", "avgpool", "fc"]
    assert "1×64×56×56" in (answer.items[4].detail or "")


async def test_nothing_deeper_is_completed(lens: Lens) -> None:
    document = lens.open("getter_here.py", HEAD + 'IntermediateLayerGetter(resnet18(), {"layer1.|": "x"})\n')
    await lens.settled(document)
    answer = await lens.complete(document)
    assert answer is None or not [item.label for item in answer.items if "." in item.label]


async def test_a_deeper_name_is_taken_by_the_other_function(lens: Lens) -> None:
    text = HEAD + 'body = IntermediateLayerGetter(resnet18(), return_layers={"layer1": "a", "layer4.1": "b"})\n'
    document = lens.open("getter_here.py", text)
    (found,) = await lens.settled(document)
    assert found.code == "unknown-node"
    (fix,) = [each for each in await lens.actions(document, found) if each.title == "Use `create_feature_extractor`"]
    fixed = lens.applied(document, fix)
    ast.parse(fixed)
    assert "body = create_feature_extractor(resnet18(), return_nodes={" in fixed
    assert await lens.settled(lens.open("getter_fixed.py", fixed)) == []


async def test_the_card_the_keys_and_the_tree_are_as_for_the_others(lens: Lens) -> None:
    text = HEAD + 'body = IntermediateLayerGetter(resnet18(), {"layer1": "low"})\nout = body(1)\nout["l|"]\n'
    document = lens.open("getter_here.py", text)
    await lens.settled(document)
    assert "1×64×56×56" in (await lens.hover(document, "layer1") or "")
    keys = await lens.complete(document)
    assert keys
    assert [item.label for item in keys.items] == ["low"]
    tree = await lens.tree(document, document.position_of("layer1"))
    assert (tree["state"], tree["editable"], tree["query"]) == ("ready", True, "layer1")
    document.cursor = document.position_of("layer1")
    text, problem = await lens.toggled(document, "layer2", asked=True)
    assert (problem, '{"layer1": "low", "layer2": "layer2"}' in text) == (None, True)
    _, problem = await lens.toggled(document, "layer2.0", asked=True)
    assert "direct children only" in (problem or "")


async def test_a_name_leads_to_the_assignment_and_the_shape_stands_behind_it(lens: Lens) -> None:
    document = lens.open("getter_here.py", HEAD + 'IntermediateLayerGetter(resnet18(), {"layer2": "low"})\n')
    await lens.settled(document)
    (name, _), *_ = await lens.definition(document, "layer2")
    assert name == "resnet.py"
    end = types.Position(document.text.count("\n"), 0)
    whole = types.Range(types.Position(0, 0), end)
    params = types.InlayHintParams(types.TextDocumentIdentifier(document.uri), whole)
    hints = await lens.client.text_document_inlay_hint_async(params)
    assert [hint.label for hint in hints or ()] == ["128×28×28"]


async def test_a_number_is_put_into_quotes(lens: Lens) -> None:
    document = lens.open("getter_here.py", HEAD + 'IntermediateLayerGetter(resnet18().layer1, {0: "a", 1|: "b"})\n')
    found, last = await lens.settled(document)
    (fix,) = [each for each in await lens.actions(document, last) if each.title == 'Write `"1"`']
    assert lens.applied(document, fix) == document.text.replace("1:", '"1":')
    assert 'Write `"0"`' in found.message
    assert await lens.complete(document) is None
