"""Opening, completing in and editing files that would train, delete, download, spawn or write does none of it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from canary_cage import open_cage
from lens import Lens

FILES = ("train.py", "delete.py", "download.py", "spawn.py", "write.py")


@pytest.mark.asyncio(loop_scope="session")
async def test_nothing_happens_in_the_editor(lens: Lens, tmp_path: Path) -> None:
    with open_cage(tmp_path) as cage:
        here = dataclasses.replace(lens, root=cage.folder, opened=lens.opened)
        documents = {name: here.open(name) for name in FILES}
        said = {name: await here.settled(document) for name, document in documents.items()}
        for document in documents.values():
            here.edit(document, '"layer1"', '"layer1|"')
            await here.complete(document)
            await here.hover(document, '"layer1"')
            await here.settled(document)
        assert cage.happened() == []
    rules = {name: [one.code for one in problems] for name, problems in said.items()}
    assert rules == {
        "train.py": [],
        "write.py": [],
        "delete.py": ["failed-model"],
        "download.py": ["failed-model"],
        "spawn.py": ["failed-model"],
    }
