"""What shapes are for: one input for both modes, named wherever shapes stand, and stated by whoever wants another."""

from __future__ import annotations

import pytest
from lens import Lens
from lsprotocol import types

pytestmark = pytest.mark.asyncio(loop_scope="session")

HEAD = """\
import torch
from torchvision.models import inception_v3, resnet18
from torchvision.models.feature_extraction import create_feature_extractor

"""
CALL = 'ext = create_feature_extractor(resnet18(), {"layer1": "a"})\n'


async def card_of(lens: Lens, text: str, query: str) -> str:
    document = lens.open("inputs_here.py", HEAD + text)
    await lens.settled(document)
    return (await lens.hover(document, f'"{query}"') or "").replace("`", "").replace("*", "")


async def test_both_modes_have_the_shapes_of_one_input(lens: Lens) -> None:
    """Inception takes 224 pixels in eval mode only: its auxiliary head needs more."""
    text = 'create_feature_extractor(inception_v3(init_weights=False), {"Mixed_5b": "a"})\n'
    card = await card_of(lens, text, "Mixed_5b")
    assert "1×192×35×35 → 1×256×35×35" in card
    assert "25×25" not in card
    assert "for an input of 1×3×299×299 (guessed)" in card


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CALL, "1×3×224×224 (guessed)"),
        (f"# fxlens: input=(1, 3, 512, 512)\n{CALL}", "1×3×512×512 (the comment)"),
        (CALL.replace("\n", "  # fxlens: input=(2, 3, 64, 96)\n"), "2×3×64×96 (the comment)"),
        (f"# taken from the paper\n# fxlens: input=[1, 3, 96, 96]\n{CALL}", "1×3×96×96 (the comment)"),
        (f"# fxlens: input=torch.zeros(3, 3, 128, 128)\n{CALL}", "3×3×128×128 (the comment)"),
        (f'# fxlens: input={{"x": (1, 3, 80, 80)}}\n{CALL}', "1×3×80×80 (the comment)"),
        (f"{CALL}ext(torch.rand(1, 3, 320, 320))\n", "1×3×320×320 (the file's call of the extractor)"),
        (f"# fxlens: input=(1, 3, 48, 48)\n{CALL}ext(torch.rand(1, 3, 320, 320))\n", "1×3×48×48 (the comment)"),
        (
            f"# fxlens: input=(1, 1, 28, 28)\n{CALL}",
            "1×3×224×224 (guessed; the model does not take that of the comment)",
        ),
        (f"# fxlens: input=sizes[0]\n{CALL}", "1×3×224×224 (guessed; the comment states no input)"),
    ],
)
async def test_the_input_is_named_and_can_be_stated(lens: Lens, text: str, said: str) -> None:
    card = await card_of(lens, text, "layer1")
    assert f"for an input of {said}" in card


async def test_a_change_of_the_comment_changes_the_shapes(lens: Lens) -> None:
    document = lens.open("inputs_changed.py", HEAD + f"# fxlens: input=(1, 3, 64, 64)\n{CALL}")
    await lens.settled(document)
    assert "64×16×16" in (await lens.hover(document, '"layer1"') or "")
    lens.edit(document, "(1, 3, 64, 64)", "(1, 3, 128, 128)")
    await lens.settled(document)
    assert "64×32×32" in (await lens.hover(document, '"layer1"') or "")


async def test_hints_and_tree_name_it_too(lens: Lens) -> None:
    document = lens.open("inputs_here.py", HEAD + f"# fxlens: input=(1, 3, 512, 512)\n{CALL}")
    await lens.settled(document)
    everything = types.Range(types.Position(0, 0), types.Position(20, 0))
    params = types.InlayHintParams(types.TextDocumentIdentifier(document.uri), everything)
    (hint,) = await lens.client.text_document_inlay_hint_async(params) or []
    assert (hint.label, hint.tooltip) == (
        "64×128×128",
        "shape of the output 1×64×128×128, for an input of 1×3×512×512 (the comment)",
    )
    answer = await lens.tree(document)
    assert answer["summary"] == (
        "Line 6: resnet18() · 1 of 70 nodes selected · shapes for an input of 1×3×512×512 (the comment)"
    )
    row = next(row for row in await lens.children(document, "") if row["label"] == "layer1")
    assert row["description"] == "Sequential · 1×64×128×128 · 1/4"
