"""What stands between and behind the lines: code lenses, inlay hints, highlights, references, definitions of modules."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lens import Lens, Opened
from lsprotocol import types

pytestmark = pytest.mark.asyncio(loop_scope="session")

HEAD = """\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

"""
NET = """\
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3)
        self.body = nn.Sequential(nn.ReLU(), nn.Flatten())
        self.dropout = nn.Dropout()

    def forward(self, x):
        x = self.body(self.stem(x))
        return self.dropout(x) if self.training else x


"""


def marked(sample: str) -> tuple[str, list[types.Range]]:
    """A text without its marker lines, and the ranges that they mark with ``^^^`` in the line above them."""
    lines: list[str] = []
    ranges = []
    for line in sample.split("\n"):
        if re.fullmatch(r"\s*# *[\^ ]+", line) and "^" in line:
            for mark in re.finditer(r"\^+", line):
                at = len(lines) - 1
                ranges.append(types.Range(types.Position(at, mark.start()), types.Position(at, mark.end())))
        else:
            lines.append(line)
    return "\n".join(lines), ranges


def at(document: Opened, part: str) -> dict[str, object]:
    return {
        "text_document": types.TextDocumentIdentifier(document.uri),
        "position": document.position_of(part, 1),
    }


def key(where: types.Range) -> tuple[int, int, int]:
    return where.start.line, where.start.character, where.end.character


async def lenses(lens: Lens, document: Opened, command: str = "fxlens.revealTree") -> list[str]:
    params = types.CodeLensParams(types.TextDocumentIdentifier(document.uri))
    found = await lens.client.text_document_code_lens_async(params)
    return [one.command.title for one in found or [] if one.command and one.command.command == command]


@pytest.mark.parametrize(
    ("source", "titles"),
    [
        (
            HEAD + 'extractor = create_feature_extractor(resnet18(), ["layer1"])\n',
            ["c2 1/4 64 · c3 1/8 128 · c4 1/16 256 · c5 1/32 512 · 11.7 M parameters"],
        ),
        (
            NET + 'create_feature_extractor(Net(), ["stem"])\n',
            ["5 nodes in train, 4 in eval · 224 parameters"],
        ),
        (
            HEAD + "def f(model):\n    return create_feature_extractor(model, ['fc'])\n",
            ["no model found"],
        ),
        (
            HEAD + "def f(deep):\n    model = resnet18() if deep else resnet18(num_classes=10)\n"
            "    return create_feature_extractor(model, ['fc'])\n",
            ["c2 1/4 64 · c3 1/8 128 · c4 1/16 256 · c5 1/32 512 · 11.7 M parameters · and 1 more model"],
        ),
        (
            NET.replace("return self.dropout", "x = x if x.sum() > 0 else -x\n        return self.dropout")
            + 'create_feature_extractor(Net(), ["stem"])\n',
            ["torch.fx cannot trace this model"],
        ),
        (
            NET.replace("if self.training else x", "if self.training or x.sum() > 0 else x")
            + 'create_feature_extractor(Net(), ["stem"])\n',
            ["5 nodes in train mode only · 224 parameters"],
        ),
        (NET + "net = Net(1)\ncreate_feature_extractor(net, ['stem'])\n", ["no node names: building the model failed"]),
        ("print('no call')\n", []),
    ],
)
async def test_a_lens_over_a_call_tells_its_model(lens: Lens, source: str, titles: list[str]) -> None:
    document = lens.open("lens_here.py", source)
    await lens.settled(document)
    assert await lenses(lens, document) == titles


async def test_a_lens_over_a_call_that_is_being_read_promises_nothing(lens: Lens) -> None:
    document = lens.open("lens_early.py", HEAD + "create_feature_extractor(resnet18(num_classes=77), ['fc'])\n")
    assert await lenses(lens, document) == ["show the model"]
    assert await lenses(lens, document, "fxlens.showGraph") == []
    await lens.settled(document)
    lens.edit(document, "num_classes=77", "num_classes=1 / 0")
    await lens.settled(document)
    assert await lenses(lens, document) == [
        "c2 1/4 64 · c3 1/8 128 · c4 1/16 256 · c5 1/32 512 · 11.2 M parameters · from before the last change"
    ]
    assert await lenses(lens, document, "fxlens.showGraph") == ["graph"]


async def test_a_client_that_can_is_told_to_ask_again(lens: Lens) -> None:
    document = lens.open("lens_refreshed.py", HEAD + 'create_feature_extractor(resnet18(), ["layer1"])\n')
    await lens.settled(document)
    space = lens.client.capabilities.workspace
    asked = set(lens.client.refreshed)  # type: ignore[attr-defined]
    assert (types.WORKSPACE_CODE_LENS_REFRESH in asked) == bool(space and space.code_lens)
    assert (types.WORKSPACE_INLAY_HINT_REFRESH in asked) == bool(space and space.inlay_hint)


async def hints(lens: Lens, document: Opened) -> list[tuple[int, int, str]]:
    everything = types.Range(types.Position(0, 0), types.Position(document.text.count("\n"), 0))
    params = types.InlayHintParams(types.TextDocumentIdentifier(document.uri), everything)
    found = await lens.client.text_document_inlay_hint_async(params)
    return [(one.position.line, one.position.character, str(one.label)) for one in found or []]


async def test_a_hint_behind_a_query_is_its_shape(lens: Lens) -> None:
    document = lens.open(
        "hints_here.py",
        HEAD + 'extractor = create_feature_extractor(resnet18(), {"layer1": "a", "flatten": "b", "no": ""})\n',
    )
    await lens.settled(document)
    line = document.text.split("\n")[3]
    assert await hints(lens, document) == [
        (3, line.index('"a"') + 3, "64×56×56"),
        (3, line.index('"b"') + 3, "1×512"),
    ], "behind the key: between the two it would read like a second one"


@pytest.mark.parametrize("cursor", ['"layer4"', "'layer4.1'", '"layer4.1.relu_1"'])
async def test_queries_of_one_node_are_highlighted_whatever_their_texts(lens: Lens, cursor: str) -> None:
    text, expected = marked(
        HEAD
        + "model = resnet18()\n"
        + 'a = create_feature_extractor(model, ["layer4", "layer3"])\n'
        + "#                                     ^^^^^^\n"
        + "b = create_feature_extractor(model, {'layer4.1': 1, \"layer4.0\": 2})\n"
        + "#                                     ^^^^^^^^\n"
        + 'c = create_feature_extractor(model, ["layer4.1.relu_1"])\n'
        + "#                                     ^^^^^^^^^^^^^^^\n"
    )
    document = lens.open("highlights_here.py", text)
    await lens.settled(document)
    found = await lens.client.text_document_document_highlight_async(
        types.DocumentHighlightParams(**at(document, cursor))  # type: ignore[arg-type]
    )
    assert sorted(key(one.range) for one in found or []) == [key(one) for one in expected]


async def test_no_highlights_beside_queries(lens: Lens) -> None:
    document = lens.open(
        "highlights_here.py",
        NET + 'create_feature_extractor(Net(), ["stem"])\n',
    )
    await lens.settled(document)
    for part in ("Net()", "stem = "):
        params = types.DocumentHighlightParams(**at(document, part))  # type: ignore[arg-type]
        assert not await lens.client.text_document_document_highlight_async(params)


async def refer(lens: Lens, document: Opened, part: str, offset: int = 1) -> list[tuple[str, int, int]]:
    identifier = types.TextDocumentIdentifier(document.uri)
    context = types.ReferenceContext(include_declaration=False)
    params = types.ReferenceParams(context, identifier, document.position_of(part, offset))
    found = await lens.client.text_document_references_async(params)
    places = [(one.uri.rpartition("/")[2], one.range.start.line, one.range.start.character) for one in found or []]
    # The sample workspaces have files of their own that ask for the same.
    return sorted(place for place in places if place[0].startswith("refer_"))


async def test_references_of_a_query_go_over_all_open_files(lens: Lens) -> None:
    one = lens.open(
        "refer_one.py",
        HEAD + 'create_feature_extractor(resnet18(), ["layer4", "layer3"])\n',
    )
    two = lens.open(
        "refer_two.py",
        HEAD + 'create_feature_extractor(resnet18(), ["layer4.1.relu_1"])\n',
    )
    await lens.settled(one)
    await lens.settled(two)
    expected = [("refer_one.py", 3, 39), ("refer_two.py", 3, 39)]
    assert await refer(lens, one, '"layer4"') == expected
    assert await refer(lens, two, '"layer4.1') == expected


@pytest.fixture
def elsewhere(lens: Lens) -> Iterator[Callable[[str, str], None]]:
    """Writes files of the workspace that nobody opens."""
    written: list[Path] = []

    def told(kind: types.FileChangeType) -> None:
        changes = [types.FileEvent(path.as_uri(), kind) for path in written]
        lens.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams(changes))

    def write(name: str, text: str) -> None:
        written.append(lens.root / name)
        written[-1].write_text(text, encoding="utf-8")
        told(types.FileChangeType.Created)

    yield write
    for path in written:
        path.unlink()
    told(types.FileChangeType.Deleted)


async def test_references_are_found_in_files_that_nobody_opened(
    lens: Lens, elsewhere: Callable[[str, str], None]
) -> None:
    elsewhere("refer_net_closed.py", NET + "\n")
    call = 'create_feature_extractor({}, {{"😀": 1, "{}": 2}})\n'
    elsewhere("refer_closed.py", HEAD + call.format("resnet18()", "layer3.1.relu_1"))
    elsewhere("refer_other_model.py", HEAD.replace("resnet18", "resnet34") + call.format("resnet34()", "layer3"))
    elsewhere("refer_other_node.py", HEAD + call.format("resnet18()", "layer3.0"))
    elsewhere("refer_module.py", HEAD + "from refer_net_closed import Net\n" + call.format("Net()", "body.1"))
    one = lens.open("refer_open.py", HEAD + 'create_feature_extractor(resnet18(), ["layer3"])\n')
    await lens.settled(one)
    assert await refer(lens, one, '"layer3"') == [("refer_closed.py", 3, 48), ("refer_open.py", 3, 39)]
    two = lens.open("refer_net_closed.py")
    assert await refer(lens, two, "self.body = ", 6) == [("refer_module.py", 4, 43)]
    assert not any("refer_closed" in uri or "refer_module" in uri for uri in lens.client.diagnostics)
    # What was looked into while closed is analysed as ever when it is opened.
    three = lens.open("refer_closed.py")
    assert [one.code for one in await lens.settled(three)] == ["unknown-node"]


async def test_references_are_found_in_cells_of_closed_notebooks(
    lens: Lens, elsewhere: Callable[[str, str], None]
) -> None:
    cells = [("markdown", "# layer3"), ("code", HEAD), ("code", '\ncreate_feature_extractor(resnet18(), ["layer3"])')]
    known = [{"cell_type": kind, "source": text.splitlines(keepends=True)} for kind, text in cells]
    elsewhere("refer_notebook.ipynb", json.dumps({"cells": known, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    document = lens.open("refer_to_notebook.py", HEAD + 'create_feature_extractor(resnet18(), ["layer3"])\n')
    await lens.settled(document)
    space = lens.client.capabilities.workspace
    is_vscode = space and space.code_lens
    # To another client, nobody could say where such a cell is.
    cell = [("refer_notebook.ipynb#cell=2", 1, 39)] if is_vscode else []
    assert await refer(lens, document, '"layer3"') == [*cell, ("refer_to_notebook.py", 3, 39)]


async def test_references_of_a_module_are_the_queries_at_and_under_it(
    lens: Lens,
) -> None:
    document = lens.open(
        "refer_net.py",
        NET + 'create_feature_extractor(Net(), ["stem", "body", "body.1"])\n',
    )
    await lens.settled(document)
    line = document.text.split("\n").index('create_feature_extractor(Net(), ["stem", "body", "body.1"])')
    text = document.text.split("\n")[line]
    assert await refer(lens, document, "self.body = ", 6) == [
        ("refer_net.py", line, text.index('"body"') + 1),
        ("refer_net.py", line, text.index('"body.1"') + 1),
    ]
    assert await refer(lens, document, "self.body(", 6) == await refer(lens, document, "self.body = ", 6)
    assert await refer(lens, document, "self.stem = ", 6) == [("refer_net.py", line, text.index('"stem"') + 1)]
    assert await refer(lens, document, "self.dropout = ", 6) == []
    assert await refer(lens, document, "super().__init__", 1) == []


async def test_what_a_class_inherits_is_found_in_the_class_that_sets_it(
    lens: Lens, elsewhere: Callable[[str, str], None]
) -> None:
    elsewhere("refer_base.py", NET)
    own = "class Own(Net):\n    def __init__(self):\n        super().__init__()\n        self.head = self.body\n"
    own += "    def forward(self, x):\n        return self.body(x)\n\n\n"
    call = 'create_feature_extractor(Own(), ["body"])\n'
    elsewhere("refer_own.py", HEAD + "from refer_base import Net\n" + own + call)
    base = lens.open("refer_base.py")
    assert await refer(lens, base, "self.body = ", 6) == [("refer_own.py", 12, 34)]
    document = lens.open("refer_own.py")
    await lens.settled(document)
    set_at = next(at for at, line in enumerate(NET.split("\n"), 1) if "self.body = " in line)
    assert await lens.definition(document, '"body"') == [("refer_base.py", set_at)]


DEFINED = """\
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3)
        self.body = nn.Sequential(nn.ReLU(), nn.Flatten())
#            ^^^^

    def forward(self, x):
        stem = self.body(self.stem(x))
#       ^^^^                  ^^^^
        return stem.flatten()
#                   ^^^^^^^


create_feature_extractor(Net(), ["body", "stem", "body.1", "flatten"])
"""


async def test_a_definition_is_the_word_that_makes_it(lens: Lens) -> None:
    text, (body, line, stem, flatten) = marked(DEFINED)
    document = lens.open("define_word.py", text)
    await lens.settled(document)
    line = types.Range(line.start, line.start)  # Which word `body.1` is, the line does not say.
    for query, where in {
        "body": body,
        "body.1": line,
        "stem": stem,
        "flatten": flatten,
    }.items():
        assert await lens.targets(document, f'"{query}"') == [(document.uri, where)]


async def test_a_file_that_was_never_saved_is_one_like_others(lens: Lens) -> None:
    text, (body, _, stem, _) = marked(DEFINED)
    source = "from vision.model import AuxNet\n" + text + 'create_feature_extractor(AuxNet(), ["stage1", |"stage_1"])\n'
    document = lens.open("", source, uri="untitled:Untitled-1")
    marks = [one.message for one in await lens.settled(document) if one.code == "unknown-node"]
    assert [message.partition("? ")[2].partition(".")[0] for message in marks] == ["The model has no node `stage_1`"]
    for query, where in {"body": body, "stem": stem}.items():
        ((uri, found),) = await lens.targets(document, f'"{query}"')
        assert (uri, key(found)) == (document.uri, (where.start.line + 1, where.start.character, where.end.character))
    assert "[Untitled-1:13](" in (await lens.hover(document, '"stem"') or "")
    assert len(await lenses(lens, document)) == 2
    after = document.text.replace('"stage_1"]', '"stage_1", "head"]')
    assert await lens.toggled(document, "head", True) == (after, None)


async def test_the_definition_of_a_module_is_where_it_is_set(lens: Lens) -> None:
    document = lens.open(
        "define_net.py",
        NET + 'create_feature_extractor(Net(), ["body", "stem", "body.1"])\n',
    )
    await lens.settled(document)
    lines = document.text.split("\n")
    set_at = next(at for at, line in enumerate(lines, 1) if "self.body = " in line)
    run_at = next(at for at, line in enumerate(lines, 1) if "x = self.body" in line)
    assert await lens.definition(document, '"body"') == [("define_net.py", set_at)]
    assert await lens.definition(document, '"stem"') == [("define_net.py", run_at)]
    assert await lens.definition(document, '"body.1"') == [("define_net.py", run_at)]
    inside = lens.open(
        "define_torchvision.py",
        HEAD + 'create_feature_extractor(resnet18(), ["layer1"])\n',
    )
    await lens.settled(inside)
    ((file, line),) = await lens.definition(inside, '"layer1"')
    assert file == "resnet.py"
    import torchvision.models.resnet as resnet

    assert "self.layer1 = " in open(resnet.__file__, encoding="utf-8").read().split("\n")[line - 1]  # noqa: PTH123, SIM115
