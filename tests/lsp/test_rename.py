"""Rename of a module's attribute: its uses in the class and its subclasses, and the queries of the workspace."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lens import Lens, Opened, offset
from lsprotocol import types
from pygls.exceptions import JsonRpcException

pytestmark = pytest.mark.asyncio(loop_scope="session")

NET = """\
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3)
        self.body = nn.Sequential(nn.ReLU(), nn.Conv2d(4, 4, 3))

    def forward(self, x):
        return self.body(self.stem(x))
"""
HEAD = "from torchvision.models.feature_extraction import create_feature_extractor\n"
USE = (
    HEAD + 'from rename_net import Net\n\nout = create_feature_extractor(Net(), ["stem", "body.1"])(1)\nout["body.1"]\n'
)


@pytest.fixture
def write(lens: Lens) -> Iterator[Callable[[str, str], Path]]:
    """Writes files of the workspace that nobody opens."""
    written: list[Path] = []

    def told(kind: types.FileChangeType) -> None:
        changes = [types.FileEvent(path.as_uri(), kind) for path in written]
        lens.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams(changes))

    def write_one(name: str, text: str) -> Path:
        path = lens.root / name
        path.write_text(text, encoding="utf-8")
        written.extend([path] if path not in written else [])
        told(types.FileChangeType.Changed)
        return path

    yield write_one
    for path in written:
        path.unlink()
    told(types.FileChangeType.Deleted)


async def opened(lens: Lens, name: str, text: str | None = None) -> Opened:
    """A document, with a worker that has imported torch: who waits for another file waits for its trace alone."""
    warm = lens.open("rename_warm.py", HEAD + "from torch import nn\n\ncreate_feature_extractor(nn.ReLU(), [])\n")
    await lens.settled(warm)
    document = lens.open(name, text)
    await lens.settled(document)
    return document


def confirms(lens: Lens) -> bool:
    """Whether the client can have edits confirmed."""
    space = lens.client.capabilities.workspace
    return bool(space and space.workspace_edit and space.workspace_edit.change_annotation_support)


async def prepared(lens: Lens, document: Opened, part: str, at: int) -> str | None:
    """The text that a rename ``at`` characters into ``part`` is offered for."""
    identifier, where = types.TextDocumentIdentifier(document.uri), document.position_of(part, at)
    found = await lens.client.text_document_prepare_rename_async(types.PrepareRenameParams(identifier, where))
    assert found is None or isinstance(found, types.PrepareRenamePlaceholder)
    return found.placeholder if found else None


async def renamed(
    lens: Lens, document: Opened, part: str, at: int, name: str
) -> dict[str, list[tuple[int, int, bool]]]:
    """The places (line from 1, column from 0, sure) that a rename changes, by the names of their files."""
    identifier, where = types.TextDocumentIdentifier(document.uri), document.position_of(part, at)
    edit = await lens.client.text_document_rename_async(types.RenameParams(identifier, where, name))
    assert edit
    found: dict[str, list[tuple[int, int, bool]]] = {}
    several: list[tuple[str, object]] = [(uri, each) for uri, edits in (edit.changes or {}).items() for each in edits]
    for change in edit.document_changes or ():
        assert isinstance(change, types.TextDocumentEdit)
        several += [(change.text_document.uri, each) for each in change.edits]
    for uri, each in several:
        assert isinstance(each, (types.TextEdit, types.AnnotatedTextEdit))
        assert each.new_text == name
        sure = True
        if isinstance(each, types.AnnotatedTextEdit):
            assert edit.change_annotations
            sure = not edit.change_annotations[each.annotation_id].needs_confirmation
        start = each.range.start
        found.setdefault(uri.rpartition("/")[2], []).append((start.line + 1, start.character, sure))
    return {name: sorted(places) for name, places in found.items()}


@pytest.mark.parametrize(("part", "at"), [("self.body = ", 6), ("self.body(", 6)])
async def test_an_attribute_is_renamed_with_the_queries_of_files_that_nobody_opened(
    lens: Lens, write: Callable[[str, str], Path], part: str, at: int
) -> None:
    write("rename_net.py", NET)
    write("rename_use.py", USE)
    document = await opened(lens, "rename_net.py")
    assert await prepared(lens, document, part, at) == "body"
    assert await renamed(lens, document, part, at, "trunk") == {
        "rename_net.py": [(8, 13, True), (11, 20, True)],
        "rename_use.py": [(4, 48, True), (5, 5, True)],
    }


async def test_a_segment_of_a_query_is_renamed_with_its_attribute(
    lens: Lens, write: Callable[[str, str], Path]
) -> None:
    write("rename_net.py", NET)
    write(
        "rename_sub.py",
        "from rename_net import Net\n\n\nclass More(Net):\n    def up(self, x):\n        return self.body(x)\n",
    )
    write("rename_use.py", USE)
    document = await opened(lens, "rename_use.py")
    assert await prepared(lens, document, '"body.1"', 2) == "body"
    assert await renamed(lens, document, '"body.1"', 2, "trunk") == {
        "rename_net.py": [(8, 13, True), (11, 20, True)],
        "rename_sub.py": [(6, 20, True)],
        "rename_use.py": [(4, 48, True), (5, 5, True)],
    }


async def test_where_no_query_is_touched_other_servers_are_asked(lens: Lens, write: Callable[[str, str], Path]) -> None:
    write("rename_net.py", NET)
    document = await opened(lens, "rename_net.py")
    assert await prepared(lens, document, "self.body = ", 6) is None
    assert await prepared(lens, document, "super()", 1) is None


async def test_queries_of_models_that_are_not_known_are_for_the_user_to_confirm(
    lens: Lens, write: Callable[[str, str], Path]
) -> None:
    write("rename_net.py", NET)
    write("rename_use.py", USE)
    write("rename_unknown.py", HEAD + 'def f(net):\n    create_feature_extractor(net, ["body.1", "tail"])\n')
    document = await opened(lens, "rename_net.py")
    found = await renamed(lens, document, "self.body = ", 6, "trunk")
    assert found.get("rename_unknown.py") == ([(3, 36, False)] if confirms(lens) else None)


async def test_cells_of_closed_notebooks_are_renamed_where_the_client_can(
    lens: Lens, write: Callable[[str, str], Path]
) -> None:
    write("rename_net.py", NET)
    call = '\ncreate_feature_extractor(Net(), ["stem"])'
    cells = [("markdown", "# stem"), ("code", HEAD + "from rename_net import Net"), ("code", call)]
    known = [{"cell_type": kind, "source": text.splitlines(keepends=True)} for kind, text in cells]
    write("rename_book.ipynb", json.dumps({"cells": known, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    document = await opened(lens, "rename_net.py")
    vscode = lens.client.capabilities.workspace and lens.client.capabilities.workspace.code_lens
    if not vscode:  # No query that could be renamed is touched.
        params = types.RenameParams(
            types.TextDocumentIdentifier(document.uri), document.position_of("self.stem = ", 6), "entry"
        )
        assert await lens.client.text_document_rename_async(params) is None
        return
    found = await renamed(lens, document, "self.stem = ", 6, "entry")
    assert found.get("rename_book.ipynb#cell=2") == [(2, 34, True)]


async def test_a_rename_that_cannot_be_done_says_why(lens: Lens, write: Callable[[str, str], Path]) -> None:
    write("rename_net.py", NET)
    text = USE + "from torchvision.models import resnet18\n"
    text += 'create_feature_extractor(resnet18(), ["layer1.0.conv1", "add", "layer2.0"])\n'
    document = await opened(lens, "rename_errors.py", text)
    for part, at, name, why in (
        ('"body.1"', 2, "stem", "already sets stem"),
        ('"body.1"', 2, "a-b", "not a valid attribute name"),
        ('"body.1"', 6, "x", "nothing to rename"),
        ('"layer1', 2, "x", "installed package"),
        ('"layer1.0.conv1"', 11, "x", "installed package"),
    ):
        with pytest.raises(JsonRpcException, match=why):
            await renamed(lens, document, part, at, name)


async def test_our_client_gets_the_queries_alone_and_the_place_for_the_others(
    lens: Lens, write: Callable[[str, str], Path]
) -> None:
    write("rename_net.py", NET)
    document = await opened(lens, "rename_use.py", USE)
    at = document.position_of('"body.1"', 2)
    position = {"line": at.line, "character": at.character}
    document.cursor = at
    target = await lens.ask("renameTarget", document, position=position)
    assert target["uri"].endswith("rename_net.py")
    assert offset(NET, types.Position(**target["range"]["start"])) == NET.index("self.body = ") + 5
    edit = await lens.ask("renameQueries", document, position=position, newName="trunk")
    assert "rename_net.py" not in json.dumps(edit)
    assert json.dumps(edit).count('"trunk"') == 2


async def test_after_a_rename_elsewhere_one_fix_updates_all_queries(
    lens: Lens, write: Callable[[str, str], Path]
) -> None:
    write("rename_net.py", NET)
    write("rename_other.py", USE)
    use = await opened(lens, "rename_use.py", USE.replace("body.1", "stem"))
    write("rename_net.py", NET.replace("self.stem", "self.entry"))
    found = await lens.settled(use)
    assert {each.code for each in found} == {"unknown-node"}
    first = min(found, key=lambda each: each.range.start.line)
    (update,) = [each for each in await lens.actions(use, first) if each.title.startswith("Update")]
    assert update.title == "Update 3 queries in 2 files: `stem` was renamed"
    assert update.edit
    assert update.edit.changes
    assert {uri.rpartition("/")[2]: len(edits) for uri, edits in update.edit.changes.items()} == {
        "rename_use.py": 2,
        "rename_other.py": 1,
    }
    assert {edit.new_text for edits in update.edit.changes.values() for edit in edits} == {"entry"}


async def test_a_stage_that_was_renamed_is_not_its_neighbour(lens: Lens, write: Callable[[str, str], Path]) -> None:
    numbered = NET.replace("stem", "stage1").replace("body", "stage2")
    write("rename_net.py", numbered)
    use = await opened(lens, "rename_use.py", USE.replace("stem", "stage1").replace("body.1", "stage1"))
    write("rename_net.py", numbered.replace("self.stage1", "self.first"))
    for problem in await lens.settled(use):
        assert problem.message == "Did you mean `first`? `stage1` was renamed to `first` in the model's code."
