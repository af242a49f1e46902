"""Files that would train, delete, download, spawn or write: ``calls`` and ``check`` do none of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from canary_cage import Cage, open_cage
from warm_python import run_program


@pytest.fixture
def cage(tmp_path: Path) -> Iterator[Cage]:
    with open_cage(tmp_path) as cage:
        yield cage


@pytest.mark.parametrize("command", ["calls", "check"])
def test_nothing_happens_on_the_command_line(cage: Cage, command: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "fxlens", command, ".", "--format", "json"],
        cwd=cage.folder,
        env={**os.environ, "XDG_CACHE_HOME": str(cage.folder.parent / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert cage.happened() == []
    if command == "calls":
        files = {file["path"]: file["calls"][0] for file in json.loads(run.stdout)["files"]}
        assert set(files) == {"train.py", "delete.py", "download.py", "spawn.py", "write.py"}
        assert {name: call["status"] for name, call in files.items()} == {
            "train.py": "resolved",  # What it does beside the model is not in the slice.
            "write.py": "resolved",  # It can live without writing.
            "delete.py": "failed",
            "download.py": "failed",
            "spawn.py": "failed",
        }
        assert "start a process" in files["spawn.py"]["reason"]
        assert "network" in files["download.py"]["reason"]
        assert "change " in files["delete.py"]["reason"]


def test_the_canaries_sing_when_the_files_are_run(cage: Cage) -> None:
    """What the tests look for would be seen: run as programs, the files do what they threaten."""
    for name in ("delete.py", "spawn.py", "write.py", "train.py", "download.py"):
        run_program(Path(name), folder=cage.folder)
    happened = " ".join(cage.happened())
    wanted = ("precious", "spawned_1.txt", "spawned_2.txt", "helper.log", "built.txt", "trained.txt", "connection")
    assert [each for each in wanted if each not in happened] == []
