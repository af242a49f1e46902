"""A file that is too large is not analysed and says so, and everything else goes on."""

from __future__ import annotations

import pytest
from lens import Lens, applied

pytestmark = pytest.mark.asyncio(loop_scope="session")

HEAD = "from torchvision.models.feature_extraction import create_feature_extractor\n"
LONG_LINE = HEAD + "weights = [" + "0.25, " * 900_000 + "]\n"
"""A line of 5 MB."""
MANY_LINES = HEAD + "weight = 1\n" * 500_000


@pytest.mark.parametrize("text", [LONG_LINE, MANY_LINES], ids=["one line", "many lines"])
async def test_a_file_that_is_too_large_says_so_until_it_is_smaller(lens: Lens, text: str) -> None:
    large = lens.open("large.py", text)
    status = await lens.status(large, severity="warning", text="not analysed")
    assert "files above 1,000 kB are not analysed" in status["detail"]
    assert "`fxlens.limits.documentKb`" in status["detail"]
    (note,) = lens.client.diagnostics[large.uri]
    assert (note.code, note.message) == (None, status["detail"])
    lens.edit(large, "create_feature_extractor\n", "create_feature_extractor, get_graph_node_names\n")
    good = lens.open("still_alive.py", (lens.root.parent / "demo" / "leaf_blocks.py").read_text(encoding="utf-8"))
    assert [one.code for one in await lens.settled(good)] == ["unknown-node"]
    assert await lens.hover(large, "weight") is None
    lens.edit(large, large.text[large.text.index("weight") :], "create_feature_extractor(nn.ReLU(), ['a'])\n")
    (found,) = await lens.settled(large)
    assert found.code == "unresolved-model"
    lens.close_all()


async def test_completion_waits_for_a_long_file_to_be_read(lens: Lens) -> None:
    filler = "".join(
        f"def function_{at}(argument):\n    return [argument, {{'key': {at}}}]\n\n\n" for at in range(1_500)
    )
    text = (
        filler
        + HEAD
        + "from torchvision.models import resnet18\nnet = resnet18()\ncreate_feature_extractor(net, ['layer1.|'])\n"
    )
    document = lens.open("long.py", text)
    await lens.settled(document)
    lens.edit(document, "['layer1.']", "['layer2.|']")
    found = await lens.complete(document)
    assert found is not None
    accepted = [applied(document.text, item.text_edit) for item in found.items if item.text_edit]
    assert any("['layer2.0']" in text for text in accepted)
    lens.close_all()
