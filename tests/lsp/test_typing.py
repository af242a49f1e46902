"""Nothing is marked red while it is being typed; what is wrong is marked when the caret has left it."""

from __future__ import annotations

import pytest
from lens import Lens, Opened
from lsprotocol import types

pytestmark = pytest.mark.asyncio(loop_scope="session")

TEXT = """\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor
create_feature_extractor(resnet18(), {})
"""


async def typed(lens: Lens, names: str, letters: str) -> tuple[Opened, list[str]]:
    """Type ``letters`` at the ``|`` in the ``names`` that the file is opened with, one after another."""
    document = lens.open("typing_here.py", TEXT.format(names))
    await lens.settled(document)
    assert document.cursor
    line, column = document.cursor.line, document.cursor.character
    for at, letter in enumerate(letters, column):
        lines = document.text.split("\n")
        lines[line] = lines[line][:at] + letter + lines[line][at:]
        document.text = "\n".join(lines)
        document.version += 1
        where = types.Position(line, at)
        change = types.TextDocumentContentChangePartial(types.Range(where, where), letter)
        identifier = types.VersionedTextDocumentIdentifier(document.version, document.uri)
        lens.client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [change]))
    return document, [str(found.code) for found in await lens.settled(document)]


@pytest.mark.parametrize(
    ("names", "letters"),
    [
        ('["|"]', "layer1."),
        ('["|"]', "layer1.0.con"),
        ('["fc", "|"]', "relu_1"),
        ('["layer|.0.conv1"]', "1"),
        ('[f"|"]', "layer1."),
        ('{"|"}', "l"),
        ('{"|"}', "layer1"),
        ("{|}", '"layer1"'),
        ("|", "['layer1."),
    ],
)
async def test_what_names_may_still_be_made_of_is_not_wrong(lens: Lens, names: str, letters: str) -> None:
    _, codes = await typed(lens, names, letters)
    assert codes == []


@pytest.mark.parametrize(
    ("names", "letters"),
    [('["|"]', "layer7"), ('["|"]', "layer1.0.rleu"), ('{"fc", "|"}', "layer1"), ("{|}", "'fc', 'x'")],
)
async def test_what_leads_nowhere_is_marked_at_once(lens: Lens, names: str, letters: str) -> None:
    _, codes = await typed(lens, names, letters)
    assert codes


async def caret_at(lens: Lens, document: Opened, position: types.Position) -> None:
    identifier = types.TextDocumentIdentifier(document.uri)
    await lens.client.text_document_document_highlight_async(types.DocumentHighlightParams(identifier, position))


async def test_it_is_marked_when_the_caret_has_left(lens: Lens) -> None:
    document, codes = await typed(lens, '["|"]', "layer1.0.con")
    assert codes == []
    await caret_at(lens, document, document.position_of("layer1.0.con", 3))
    assert await lens.settled(document) == [], "it is still in the name"
    await caret_at(lens, document, types.Position(0, 0))
    assert [found.code for found in await lens.settled(document)] == ["unknown-node"]


async def test_it_is_marked_when_the_file_is_saved(lens: Lens) -> None:
    document, codes = await typed(lens, '["|"]', "layer1.")
    assert codes == []
    identifier = types.TextDocumentIdentifier(document.uri)
    lens.client.text_document_did_save(types.DidSaveTextDocumentParams(identifier))
    assert [found.code for found in await lens.settled(document)] == ["unknown-node"]


async def test_it_is_not_marked_when_the_editor_saves_the_file_by_itself(lens: Lens) -> None:
    document, codes = await typed(lens, '["|"]', "layer1.")
    assert codes == []
    identifier = types.TextDocumentIdentifier(document.uri)
    for reason, expected in (
        (types.TextDocumentSaveReason.AfterDelay, []),
        (types.TextDocumentSaveReason.FocusOut, ["unknown-node"]),
    ):
        lens.client.text_document_will_save(types.WillSaveTextDocumentParams(identifier, reason))
        lens.client.text_document_did_save(types.DidSaveTextDocumentParams(identifier))
        assert [problem.code for problem in await lens.settled(document)] == expected


async def test_an_edit_elsewhere_marks_it(lens: Lens) -> None:
    document, codes = await typed(lens, '["|"]', "layer1.")
    assert codes == []
    lens.edit(document, "import resnet18", "import resnet18, vgg11")
    assert "unknown-node" in [found.code for found in await lens.settled(document)]


async def test_a_file_that_is_opened_has_its_problems(lens: Lens) -> None:
    document = lens.open("typing_here.py", TEXT.format('["layer1."]'))
    assert [found.code for found in await lens.settled(document)] == ["unknown-node"]
