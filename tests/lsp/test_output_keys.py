"""Keys of an extractor's output: completion, hover, definition, highlights, diagnostics and rename."""

from __future__ import annotations

import pytest
from lens import Lens, Opened, applied, offset
from lsprotocol import types
from pygls.exceptions import JsonRpcException

pytestmark = pytest.mark.asyncio(loop_scope="session")

HEAD = """\
import torch
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

"""
TEXT = (
    HEAD
    + """\
extractor = create_feature_extractor(resnet18(), {"layer2": "middle", "flatten": "vector"})
out = extractor(torch.rand(1, 3, 224, 224))
"""
)


async def test_the_keys_are_completed_with_their_queries_and_shapes(lens: Lens) -> None:
    document = lens.open("keys_here.py", TEXT + 'out["|"]\n')
    await lens.settled(document)
    answer = await lens.complete(document)
    assert answer
    assert [(item.label, item.detail) for item in answer.items] == [
        ("middle", "layer2 · 1×128×28×28 · 1/8"),
        ("vector", "flatten · 1×512"),
    ]
    (text,) = [applied(document.text, item.text_edit) for item in answer.items[:1] if item.text_edit]
    assert text.endswith('out["middle"]\n')


@pytest.mark.parametrize("read", ["out.get('mid|')", "out.pop('mid|')", "for key in ['mid|']: out[key]", "out['mid|"])
async def test_a_key_is_completed_wherever_it_is_read(lens: Lens, read: str) -> None:
    document = lens.open("keys_here.py", f"{TEXT}{read}\n")
    await lens.settled(document)
    answer = await lens.complete(document)
    assert answer
    assert [item.label for item in answer.items] == ["middle", "vector"]


async def test_elsewhere_no_key_is_offered(lens: Lens) -> None:
    document = lens.open("keys_here.py", TEXT + 'other["|"]\n')
    await lens.settled(document)
    assert await lens.complete(document) is None


async def test_the_card_of_a_key_is_that_of_its_query(lens: Lens) -> None:
    document = lens.open("keys_here.py", TEXT + 'out["middle"]\nout["midle"]\n')
    await lens.settled(document)
    for part in ('middle"]', 'middle", "flatten'):
        card = (await lens.hover(document, part) or "").replace("`", "").replace("*", "")
        assert "middle is the key of layer2" in card
        assert "1×128×28×28" in card
    assert "the extractor returns `middle`, `vector`".replace("`", "") in (
        (await lens.hover(document, "midle") or "").replace("`", "")
    )


async def test_a_wrong_key_is_an_error_when_it_is_not_being_typed(lens: Lens) -> None:
    document = lens.open("keys_here.py", TEXT + 'out["midle"]\n')
    (found,) = await lens.settled(document)
    assert (found.code, found.severity) == ("unknown-output-key", types.DiagnosticSeverity.Error)
    (fix, *_) = await lens.actions(document, found)
    assert fix.title == "Replace with `middle`"
    assert lens.applied(document, fix).endswith('out["middle"]\n')
    lens.edit(document, "midle", "mid")
    assert await lens.settled(document) == []


async def test_a_key_leads_to_the_place_that_names_it(lens: Lens) -> None:
    document = lens.open("keys_here.py", TEXT + 'out["middle"]\n')
    await lens.settled(document)
    ((uri, where),) = await lens.targets(document, 'middle"]')
    assert (uri, where.start) == (document.uri, document.position_of("middle"))


async def test_a_key_is_highlighted_where_it_is_named_and_read(lens: Lens) -> None:
    document = lens.open("keys_here.py", TEXT + 'out["middle"]\nout.get("middle")\n')
    await lens.settled(document)
    identifier = types.TextDocumentIdentifier(document.uri)
    at = document.position_of('middle"]', 1)
    found = await lens.client.text_document_document_highlight_async(types.DocumentHighlightParams(identifier, at))
    assert sorted(each.range.start.line for each in found or ()) == [4, 6, 7]


async def renamed(lens: Lens, document: Opened, part: str, name: str) -> str:
    """The text after a rename one character into ``part``."""
    identifier, at = types.TextDocumentIdentifier(document.uri), document.position_of(part, 1)
    prepared = await lens.client.text_document_prepare_rename_async(types.PrepareRenameParams(identifier, at))
    assert prepared is not None
    edit = await lens.client.text_document_rename_async(types.RenameParams(identifier, at, name))
    assert edit
    assert edit.changes
    text = document.text
    for each in sorted(edit.changes[document.uri], key=lambda e: (e.range.start.line, e.range.start.character))[::-1]:
        text = text[: offset(text, each.range.start)] + each.new_text + text[offset(text, each.range.end) :]
    return text


@pytest.mark.parametrize("part", ['middle"]', 'middle", "flatten', 'middle")'])
async def test_both_ends_of_a_key_are_renamed(lens: Lens, part: str) -> None:
    text = TEXT + 'out["middle"], out["vector"]\nfor key in ("middle",):\n    out[key]\nout.pop("middle")\n'
    document = lens.open("keys_here.py", text)
    await lens.settled(document)
    assert await renamed(lens, document, part, "c3") == text.replace("middle", "c3")


@pytest.mark.parametrize(
    ("body", "after"),
    [
        ('out["middle"] = out["middle"].mean()\nout["middle"]\n', 'out["c3"] = out["c3"].mean()\nout["c3"]\n'),
        ('out["middle"] += 1\nout["middle"]\n', 'out["c3"] += 1\nout["c3"]\n'),
        ('out.setdefault("middle", 1)\nout["middle"]\n', 'out.setdefault("c3", 1)\nout["c3"]\n'),
        ('copy = dict(out)\ncopy["middle"]\n', 'copy = dict(out)\ncopy["c3"]\n'),
        ('{**out, "middle": 1}["middle"]\n', '{**out, "middle": 1}["middle"]\n'),
        ('out.update(middle=1)\nout["middle"]\n', 'out.update(middle=1)\nout["middle"]\n'),
    ],
)
async def test_a_rename_leaves_no_value_of_another_kind_behind(lens: Lens, body: str, after: str) -> None:
    """What the program puts under the key is renamed with it, where that is seen; else what is read behind it is not."""
    document = lens.open("keys_here.py", TEXT + body)
    assert await lens.settled(document) == []
    text = TEXT.replace('"middle"', '"c3"')
    assert await renamed(lens, document, 'middle", "flatten', "c3") == text + after


async def test_a_rename_that_would_break_something_says_why(lens: Lens) -> None:
    text = TEXT + 'out["middle"]\nlisted = create_feature_extractor(resnet18(), ["layer1"])\nlisted(out)["layer1"]\n'
    document = lens.open("keys_here.py", text)
    await lens.settled(document)
    for part, name, why in (
        ('middle"]', "vector", "another value under vector"),
        ('middle"]', 'a"b', "without quotes"),
        ('layer1"]\n', "c2", "installed package"),
    ):
        with pytest.raises(JsonRpcException, match=why):
            await renamed(lens, document, part if part != 'layer1"]\n' else 'layer1"]\n', name)


async def test_where_no_key_stands_other_servers_are_asked(lens: Lens) -> None:
    document = lens.open("keys_here.py", TEXT)
    await lens.settled(document)
    params = types.PrepareRenameParams(types.TextDocumentIdentifier(document.uri), document.position_of("out", 1))
    assert await lens.client.text_document_prepare_rename_async(params) is None
