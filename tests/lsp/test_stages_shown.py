"""Stages where one looks: hover, lens, details of names, and one item that writes them all."""

from __future__ import annotations

import re

import pytest
from lens import Lens, applied
from lsprotocol import types

pytestmark = pytest.mark.asyncio(loop_scope="session")

TEXT = """\
from torch import nn
from torchvision.models import convnext_tiny, mobilenet_v2, resnet50, vgg11, vit_b_16
from torchvision.models._utils import IntermediateLayerGetter as Getter
from torchvision.models.feature_extraction import create_feature_extractor
ext = create_feature_extractor({})
"""
RESNET = '"layer1": "c2", "layer2": "c3", "layer3": "c4", "layer4": "c5"'
VIT = ", ".join(f'"encoder.layers.encoder_layer_{at}": "block_{number}"' for number, at in enumerate((3, 7, 11), 1))


async def items_at(lens: Lens, arguments: str) -> tuple[str, list[types.CompletionItem]]:
    document = lens.open("stages_here.py", TEXT.format(arguments))
    await lens.settled(document)
    answer = await lens.complete(document)
    return document.text, list(answer.items) if answer else []


def plain(text: str) -> str:
    """A snippet's text with its placeholders' defaults."""
    return re.sub(r"\$\{\d+:([^}]*)\}", r"\1", text)


@pytest.mark.parametrize(
    ("arguments", "label", "result"),
    [
        ("resnet50(), |", "4 stages", f"resnet50(), {{{RESNET}}}"),
        ('resnet50(), ["|"]', "4 stages", f"resnet50(), {{{RESNET}}}"),
        ("resnet50(), {|}", "4 stages", f"resnet50(), {{{RESNET}}}"),
        ("resnet50(), {'|'}", "4 stages", f"resnet50(), {{{RESNET}}}"),
        ("resnet50(), return_nodes=[|]", "4 stages", f"resnet50(), return_nodes={{{RESNET}}}"),
        ("vit_b_16(), {|}", "3 blocks", f"vit_b_16(), {{{VIT}}}"),
        ("resnet50(), return_nodes=|", "4 stages", f"resnet50(), return_nodes={{{RESNET}}}"),
        ("resnet50(), return_nodes=s|", "4 stages", f"resnet50(), return_nodes={{{RESNET}}}"),
        ("return_nodes=|, model=resnet50()", "4 stages", f"return_nodes={{{RESNET}}}, model=resnet50()"),
        ("resnet50(), return_nodes=dict(|)", "4 stages", f"resnet50(), return_nodes={{{RESNET}}}"),
        ("model=resnet50(), |", "4 stages", f"model=resnet50(), return_nodes={{{RESNET}}}"),
        ("\n    resnet50(),  # a\n    |\n", "4 stages", f"\n    resnet50(),  # a\n    {{{RESNET}}}\n"),
        ("resnet50(), {\n    |\n}", "4 stages", f"resnet50(), {{\n    {RESNET}\n}}"),
        ("resnet50(), [\n    '|',\n]", "4 stages", "resnet50(), [\n    " + re.sub(': "c."', "", RESNET) + ",\n]"),
        ("Getter(resnet50(), |)", "4 stages", f"Getter(resnet50(), {{{RESNET}}})"),
        ("Getter(model=resnet50(), |)", "4 stages", f"Getter(model=resnet50(), return_layers={{{RESNET}}})"),
        (
            "Getter(vgg11().features, {|})",
            "4 stages",
            'Getter(vgg11().features, {"9": "c2", "14": "c3", "19": "c4", "20": "c5"})',
        ),
    ],
)
async def test_one_item_writes_all_stages(lens: Lens, arguments: str, label: str, result: str) -> None:
    text, items = await items_at(lens, arguments)
    (item,) = [item for item in items if item.kind == types.CompletionItemKind.Snippet]
    assert item.label == label
    assert item.text_edit
    assert plain(applied(text, item.text_edit)) == TEXT.format(result)


@pytest.mark.parametrize(
    "arguments",
    [
        'resnet50(), ["layer1", "|"]',
        'resnet50(), {"lay|": "a"}',
        "resnet50(|)",
        "nn.Sequential(nn.Linear(2, 2)), [|]",
        "resnet50(), [\n    'layer1',\n    '|']",
        "resnet50(), names|",
        "Getter(mobilenet_v2(), {|})",
    ],
)
async def test_it_is_not_offered_beside_names_nor_without_stages(lens: Lens, arguments: str) -> None:
    _, items = await items_at(lens, arguments)
    assert [item for item in items if item.kind == types.CompletionItemKind.Snippet] == []


@pytest.mark.parametrize(
    ("arguments", "query", "said"),
    [
        ("resnet50(), ['layer2']", "layer2", "Stage c3, 1/8 of the input, 512 channels."),
        ("mobilenet_v2(), ['features.13']", "features.13", "Stage c4, 1/16 of the input, 96 channels."),
        (
            "mobilenet_v2(), ['features.18']",
            "features.18",
            "Stage c5, 1/32 of the input, 1,280 channels.",
        ),
        ("resnet50(), ['layer2.0']", "layer2.0", "1/8 of the input."),
        ("convnext_tiny(), ['features.1']", "features.1", "Stage c2, 1/4 of the input, 96 channels."),
    ],
)
async def test_the_card_tells_the_stage_or_the_stride(lens: Lens, arguments: str, query: str, said: str) -> None:
    document = lens.open("stages_here.py", TEXT.format(arguments))
    await lens.settled(document)
    assert said in (await lens.hover(document, f"'{query}'") or "")


@pytest.mark.parametrize(
    ("arguments", "title"),
    [
        ("convnext_tiny(), []", "c2 1/4 96 · c3 1/8 192 · c4 1/16 384 · c5 1/32 768 · 28.6 M parameters"),
        ("vit_b_16(), []", "1/16 768, 12 blocks · 86.6 M parameters"),
        ("nn.Sequential(nn.Linear(2, 2)), []", "2 nodes · 6 parameters"),
    ],
)
async def test_the_lens_tells_the_stages(lens: Lens, arguments: str, title: str) -> None:
    document = lens.open("stages_here.py", TEXT.format(arguments))
    await lens.settled(document)
    found = await lens.client.text_document_code_lens_async(
        types.CodeLensParams(types.TextDocumentIdentifier(document.uri))
    )
    assert next(each.command.title for each in found or [] if each.command) == title


@pytest.mark.parametrize(
    ("arguments", "tooltip"),
    [
        (
            "resnet50(), ['layer1']",
            "The extractor keeps 225 k of 25.6 M parameters and 1.57 G of 8.18 G FLOPs, as torch counts them for an input",
        ),
        ("resnet50(), {'layer1': 'a', 'fc': 'b'}", "The extractor keeps all 25.6 M parameters and all 8.18 G FLOPs"),
        # What is requested is not certain, or nothing is made.
        ("resnet50(), []", ""),
        ("resnet50(), ['layer9']", ""),
        ("resnet50(), ['layer1', str(nn)]", ""),
        ("resnet50(), ['layer1'], **options", ""),
    ],
)
async def test_the_tooltip_of_the_lens_tells_the_cost(lens: Lens, arguments: str, tooltip: str) -> None:
    document = lens.open("stages_here.py", "from somewhere import options\n" + TEXT.format(arguments))
    await lens.settled(document)
    lenses = await lens.client.text_document_code_lens_async(
        types.CodeLensParams(types.TextDocumentIdentifier(document.uri))
    )
    command = next(each.command for each in lenses or [] if each.command)
    said = command.tooltip or ""
    assert said.startswith(tooltip) if tooltip else not said


async def test_cards_tell_the_receptive_field(lens: Lens) -> None:
    document = lens.open("stages_here.py", TEXT.format("resnet50(), ['layer2', 'fc']"))
    await lens.settled(document)
    said = "Stage c3, 1/8 of the input, 512 channels. Receptive field 91."
    assert said in (await lens.hover(document, "'layer2'") or "")
    assert "eceptive field" not in (await lens.hover(document, "'fc'") or "")
    assert "- c3: 1/8, 512 channels, `layer2`, receptive field 91" in (await lens.hover(document, "resnet50()") or "")


async def test_details_of_names_tell_the_stride(lens: Lens) -> None:
    _, items = await items_at(lens, 'resnet50(), ["|"]')
    details = {item.label: item.detail for item in items}
    assert details["layer3"] == "Sequential · 1×1024×14×14 · 1/16 · train and eval"
    assert details["fc"] == "Linear · 1×1000 · train and eval"
