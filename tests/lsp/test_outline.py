"""The outline, symbols of the workspace, and cards of whole calls and of strings that stand for several names."""

from __future__ import annotations

import pytest
from lens import Lens, Opened
from lsprotocol import types

pytestmark = pytest.mark.asyncio(loop_scope="session")

TEXT = """\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

model = resnet18()
first = create_feature_extractor(model, {"layer1": "a", "layer2.0": "b"})
second = create_feature_extractor(resnet18(num_classes=2), [f"layer{i}" for i in (1, 2, 5)])
"""


async def opened(lens: Lens) -> Opened:
    document = lens.open("outline_here.py", TEXT)
    await lens.settled(document)
    return document


async def test_the_outline_has_the_calls_and_their_names(lens: Lens) -> None:
    document = await opened(lens)
    identifier = types.TextDocumentIdentifier(document.uri)
    found = await lens.client.text_document_document_symbol_async(types.DocumentSymbolParams(identifier))
    assert found
    first = found[0]
    assert first.name == "create_feature_extractor(model)"
    assert isinstance(first, types.DocumentSymbol)
    assert first.selection_range.start == document.position_of("create_feature_extractor(model")
    assert [(child.name, child.detail) for child in first.children or ()] == [
        ("layer1", "1×64×56×56"),
        ("layer2.0", "1×128×28×28"),
    ]
    assert found[1].name == "create_feature_extractor(resnet18(num_classes=2))"


async def test_names_of_open_files_are_found_in_the_workspace(lens: Lens) -> None:
    document = await opened(lens)
    found = await lens.client.workspace_symbol_async(types.WorkspaceSymbolParams("lay20"))
    assert found
    assert ("layer2.0", document.uri) in [(symbol.name, symbol.location.uri) for symbol in found]
    assert not await lens.client.workspace_symbol_async(types.WorkspaceSymbolParams("qqq"))


@pytest.mark.parametrize("part", ["create_feature_extractor(model", "model, {"])
async def test_the_card_of_a_call_tells_its_model(lens: Lens, part: str) -> None:
    card = (await lens.hover(await opened(lens), part) or "").replace("`", "").replace("*", "")
    for said in (
        "ResNet · 11.7 M parameters",
        "70 nodes, the same in train and eval mode",
        "c2: 1/4, 64 channels, layer1",
        "c5: 1/32, 512 channels, layer4",
        "Shapes for an input of 1×3×224×224 (guessed).",
    ):
        assert said in card


async def test_the_card_of_an_f_string_tells_all_its_names(lens: Lens) -> None:
    card = (await lens.hover(await opened(lens), 'layer{i}"') or "").replace("`", "").replace("*", "")
    assert "3 names of ResNet" in card
    assert "layer1: layer1.1.relu_1 · 1×64×56×56 · 1/4" in card
    assert "layer2: layer2.1.relu_1 · 1×128×28×28 · 1/8" in card
    assert "layer5: selects nothing" in card


async def test_no_hint_shows_one_shape_of_several(lens: Lens) -> None:
    document = await opened(lens)
    everything = types.Range(types.Position(0, 0), types.Position(20, 0))
    params = types.InlayHintParams(types.TextDocumentIdentifier(document.uri), everything)
    found = await lens.client.text_document_inlay_hint_async(params) or []
    assert [(hint.position.line, hint.label) for hint in found] == [(4, "64×56×56"), (4, "128×28×28")]
