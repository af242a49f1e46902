"""Problems of files that nobody opened: once on request, or kept up to date where the setting asks for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lens import Lens

pytestmark = pytest.mark.asyncio(loop_scope="session")

CALL = """\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor
create_feature_extractor(resnet18(), ["{}"])
"""


def codes(lens: Lens, uri: str) -> list[str]:
    return [str(found.code) for found in lens.client.diagnostics.get(uri, [])]


@pytest.fixture
def closed(lens: Lens) -> Any:
    """A file and a notebook with a wrong name each, which nobody opens."""
    folder = lens.root / "closed"
    folder.mkdir()
    script, notebook = folder / "closed.py", folder / "closed.ipynb"
    script.write_text(CALL.format("layer7"), encoding="utf-8")
    cell = {"cell_type": "code", "source": CALL.format("layer8"), "metadata": {}, "outputs": []}
    notebook.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4}), encoding="utf-8")
    for path in (script, notebook):
        tell(lens, path)
    yield script, notebook
    for path in (script, notebook):
        path.unlink()
        tell(lens, path)
    folder.rmdir()


def tell(lens: Lens, path: Path) -> None:
    from lsprotocol import types

    change = types.FileEvent(path.as_uri(), types.FileChangeType.Changed)
    lens.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([change]))


async def test_files_and_notebooks_that_are_not_open_are_checked(lens: Lens, closed: tuple[Path, Path]) -> None:
    script, notebook = closed
    answer = await lens.client.protocol.send_request_async("fxlens/checkWorkspace", {})
    assert answer["files"] >= 3
    assert answer["problems"] >= 3
    assert codes(lens, script.as_uri()) == ["unknown-node"]
    assert codes(lens, (lens.root / "resnet_features.py").as_uri()) == ["unknown-node"]
    (found,) = lens.client.diagnostics[notebook.as_uri()]
    assert found.message.startswith("Python cell 1, line 3: ")
    # What is right again is taken back by the next check, and so is what is gone.
    script.write_text(CALL.format("layer1"), encoding="utf-8")
    tell(lens, script)
    await lens.client.protocol.send_request_async("fxlens/checkWorkspace", {})
    assert codes(lens, script.as_uri()) == []
    assert codes(lens, notebook.as_uri()) == ["unknown-node"]


async def test_names_of_closed_files_are_found_as_symbols(lens: Lens, closed: tuple[Path, Path]) -> None:
    from lsprotocol import types

    async def symbols(text: str) -> list[tuple[str, str, int]]:
        found = await lens.client.workspace_symbol_async(types.WorkspaceSymbolParams(text)) or []
        return [(each.name, each.location.uri, each.location.range.start.line) for each in found]

    script, notebook = closed
    assert ("layer7", script.as_uri(), 2) in await symbols("layer7")
    (cell,) = [each for each in await symbols("layer8") if each[1].startswith(notebook.as_uri())]
    assert cell[1] != notebook.as_uri(), "the cell is named"
    # Letters that are added are the same search; another search reads anew.
    script.write_text(CALL.format("layer9"), encoding="utf-8")
    tell(lens, script)
    assert [each[0] for each in await symbols("layer9") if each[1] == script.as_uri()] == ["layer9"]
    assert not [each for each in await symbols("layer7") if each[1] == script.as_uri()]
