"""Files that are known to have no call: for as long as nothing changes that this was concluded from."""

from __future__ import annotations

import gc
import json
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from fxlens.engine import quiet_files
from fxlens.engine.import_roots import RootSettings
from fxlens.engine.neighbours import Reading
from fxlens.engine.quiet_files import Questions, QuietFiles
from fxlens.engine.workspace_files import WorkspaceFiles, read_workspace
from fxlens.source import find_calls
from fxlens.source.noting import Noted

TAPS = "from torchvision.models.feature_extraction import create_feature_extractor\n"
SILENT = "def tap(model, name):\n    return model\n"
TAPPING = TAPS + "def tap(model, name):\n    return create_feature_extractor(model, [name])\n"
USE = "from torch import nn\nfrom taps import tap\n\nNAMES = ['9']\ntap(nn.Sequential(nn.ReLU()), '9')\n"
REQUEST = f"from torch import nn\n{TAPS}create_feature_extractor(nn.Sequential(nn.ReLU()), NAMES)\n"


class Project:
    """A folder, and the cache of one command after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.folder.mkdir()
        self.cache = folder / "cache"
        self.use = str(self.folder / "use.py")
        self.write("use.py", USE)
        self.write("taps.py", SILENT)
        self.write("other.py", "x = 1\n")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(exist_ok=True)
        (self.folder / name).write_text(text)

    def files(self) -> WorkspaceFiles:
        settings = RootSettings({str(self.folder): ()})
        files = WorkspaceFiles(settings)
        files.take_disk(read_workspace(settings, {}))
        return files

    def run(self) -> tuple[bool, int]:
        """Whether `use.py` was known to be quiet, and how many calls it has."""
        files = self.files()
        quiet = QuietFiles(str(self.cache), "settings")
        text = files.text(self.use) or ""
        known = quiet.has(self.use, text, files)
        reading = Reading(files)
        calls = find_calls(text, self.use, reading).calls
        if not calls:
            quiet.put(self.use, text, reading.questions, files)
            quiet.save()
        return known, len(calls)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_what_has_no_call_is_known_the_next_time(project: Project) -> None:
    assert project.run() == (False, 0)
    assert project.run() == (True, 0)


def test_a_session_of_edits_keeps_neither_texts_nor_answers_that_nothing_rests_on(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quiet_files, "MOST_SHARED", 4)
    files = project.files()
    quiet = QuietFiles(str(project.cache), "settings")
    others = []
    for number in range(12):
        noted = Noted(files)
        assert noted.module(f"absent{number}", project.use) is None
        quiet.put(project.use, f"x = {number}\n", Questions(included=(noted,)), files)
        others.append(weakref.ref(noted))
        del noted
    gc.collect()
    assert [other() for other in others] == [None] * 12
    assert quiet.has(project.use, "x = 11\n", files)
    assert quiet._data is not None
    assert len(quiet._data.shared) <= 4
    quiet.save()
    assert QuietFiles(str(project.cache), "settings").has(project.use, "x = 11\n", files)


CHANGES: dict[str, Callable[[Project], None]] = {
    "the file itself": lambda project: project.write("use.py", TAPPING),
    "a function that it calls": lambda project: project.write("taps.py", TAPPING),
    "a file that requests its names": lambda project: project.write("new.py", f"from use import NAMES\n{REQUEST}"),
    "a module that comes before another": lambda project: project.write("taps/__init__.py", TAPPING),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_that_gives_it_a_call_is_noticed(project: Project, change: Callable[[Project], None]) -> None:
    project.run()
    change(project)
    known, calls = project.run()
    assert (known, calls > 0) == (False, True)


def test_a_change_of_what_it_never_asked_for_costs_nothing(project: Project) -> None:
    project.run()
    project.write("other.py", "x = 2\n")
    assert project.run() == (True, 0)


def test_the_settings_are_part_of_what_is_known(project: Project) -> None:
    project.run()
    files = project.files()
    assert not QuietFiles(str(project.cache), "others").has(project.use, USE, files)
    assert not QuietFiles(None, "settings").has(project.use, USE, files)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"x": 3}', json.dumps({"x": {"text": "", "odd": 1}})])
def test_a_damaged_cache_is_none(project: Project, text: str) -> None:
    project.run()
    (file,) = project.cache.rglob("*.json")
    file.write_text(text)
    assert project.run() == (False, 0)
    assert project.run() == (True, 0)


def test_a_cache_that_cannot_be_written_is_none(project: Project) -> None:
    project.cache.write_text("a file stands in the way")
    assert project.run() == (False, 0)
    assert project.run() == (False, 0)
