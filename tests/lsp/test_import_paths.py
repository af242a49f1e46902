"""A module of the workspace that is on no import path: the fix adds its folder, and the problem is gone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import options
from lens import Lens, Opened, offset
from lsprotocol import types

pytestmark = pytest.mark.asyncio(loop_scope="session")

NET = "from torch import nn\n\n\nclass Pollen(nn.Sequential):\n    def __init__(self):\n        super().__init__(nn.ReLU())\n"
TEXT = """\
from pollen.net import Pollen
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(Pollen(), ["0", "1"])
"""


@pytest.fixture
def folder(lens: Lens) -> Iterator[Path]:
    """A workspace whose package lies in a folder of a name of its own."""
    package = lens.root / "libs" / "models" / "pollen"
    package.mkdir(parents=True)
    project = lens.root / "pyproject.toml"
    files = [package / "__init__.py", package / "net.py", project]
    for file, text in zip(files, ("", NET, '[project]\nname = "pollen"\n'), strict=True):
        file.write_text(text, encoding="utf-8")
    tell(lens, files, types.FileChangeType.Created)
    yield package.parent
    shutil.rmtree(package.parent.parent)
    project.unlink()
    tell(lens, files, types.FileChangeType.Deleted)
    lens.client.protocol.notify("fxlens/configure", options())


def tell(lens: Lens, files: list[Path], how: types.FileChangeType) -> None:
    changes = [types.FileEvent(file.as_uri(), how) for file in files]
    lens.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams(changes))


async def additions(lens: Lens, document: Opened, problem: types.Diagnostic) -> list[types.CodeAction | types.Command]:
    context = types.CodeActionContext([problem])
    params = types.CodeActionParams(types.TextDocumentIdentifier(document.uri), problem.range, context)
    actions = await lens.client.text_document_code_action_async(params)
    return [each for each in actions or [] if "import path" in each.title]


def applied(lens: Lens, action: types.CodeAction | types.Command) -> None:
    """Do what the client does with the action: it sets its setting, or edits the file."""
    if isinstance(action, types.Command):  # The library takes an action that has a command for a bare command.
        assert "fxlens.addExtraPath" in str(action.command)
        assert "'libs/models'" in str(action.command)
        first, *others = options()["folders"]
        paths = [str(Path(first["path"], "libs", "models"))]
        lens.client.protocol.notify("fxlens/configure", options(folders=[{**first, "extraPaths": paths}, *others]))
        return
    assert action.edit
    assert action.edit.changes
    ((uri, (edit,)),) = action.edit.changes.items()
    project = lens.root / "pyproject.toml"
    assert uri == project.as_uri()
    text = project.read_text(encoding="utf-8")
    start = offset(text, edit.range.start)
    project.write_text(text[:start] + edit.new_text + text[start:], encoding="utf-8")
    tell(lens, [project], types.FileChangeType.Changed)


async def test_the_folder_of_the_module_is_added(lens: Lens, folder: Path) -> None:
    document = lens.open("imports_pollen.py", TEXT)
    (problem,) = await lens.settled(document)
    assert problem.code == "failed-model"
    (action,) = await additions(lens, document, problem)
    assert action.title.startswith("Add `libs/models` to the import path")
    applied(lens, action)
    (typo,) = await lens.settled(document)
    assert typo.code == "unknown-node"


async def test_no_folder_is_offered_for_what_the_workspace_does_not_hold(lens: Lens, folder: Path) -> None:
    document = lens.open("imports_pollen.py", TEXT.replace("pollen.net", "pollen_grains"))
    (problem,) = await lens.settled(document)
    assert await additions(lens, document, problem) == []
