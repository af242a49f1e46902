"""The files around an open one: read from disk, overruled by editors, and calls found across them."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from engine_harness import Desk

from fxlens.engine import workspace_files
from fxlens.engine.import_roots import RootSettings
from fxlens.engine.neighbours import Reading
from fxlens.engine.settings import FolderSettings
from fxlens.engine.workspace_files import WorkspaceFiles, read_folders, read_workspace
from fxlens.source import find_calls

pytestmark = pytest.mark.asyncio(loop_scope="module")

WRAPPER = """\
from torchvision.models.feature_extraction import create_feature_extractor


def tap(model, names):
    return create_feature_extractor(model, return_nodes=names)
"""
CALLER = """\
from torch import nn
from taps import tap

tap(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()), ["1"])
"""


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def files_of(folder: Path, *extra: Path) -> WorkspaceFiles:
    files = WorkspaceFiles(RootSettings({str(folder): tuple(map(str, extra))}))
    files.take_disk(read_workspace(files.settings, {}))
    return files


@pytest.mark.parametrize(
    ("dotted", "importer", "wanted"),
    [
        ("lib.nets", "main.py", "lib/nets.py"),
        ("lib", "main.py", "lib/__init__.py"),
        (".nets", "lib/__init__.py", "lib/nets.py"),
        ("..util", "lib/sub/deep.py", "lib/util.py"),
        (".", "lib/nets.py", "lib/__init__.py"),
        ("lib.util", "lib/nets.py", "lib/util.py"),
        ("nets", "lib/main.py", "lib/nets.py"),
        ("helper", "scripts/run.py", "scripts/helper.py"),
        ("torch.nn", "main.py", None),
        ("os", "main.py", None),
    ],
)
def test_modules_are_found_as_python_would(tmp_path: Path, dotted: str, importer: str, wanted: str | None) -> None:
    write(tmp_path, main="", lib____init__="", lib__nets="", lib__util="", lib__sub__deep="", scripts__helper="")
    (tmp_path / "lib" / "__init__.py").write_text("")
    found = files_of(tmp_path).module(dotted, str(tmp_path / importer))
    assert (Path(found).relative_to(tmp_path).as_posix() if found else None) == wanted


def test_what_an_import_means_follows_its_own_text_and_the_files_there_are(tmp_path: Path) -> None:
    write(tmp_path, main="import nets\n", other="import nets\n", lib__nets="", away__nets="")
    files = files_of(tmp_path)
    main, other, nets = (str(tmp_path / f"{name}.py") for name in ("main", "other", "nets"))
    assert files.module("nets", main) is None
    files.take_edit(main, "import sys\nsys.path.append('lib')\nimport nets\n")
    assert (files.module("nets", main), files.module("nets", other)) == (str(tmp_path / "lib" / "nets.py"), None)
    files.take_edit(nets, "")
    assert (files.module("nets", main), files.module("nets", other)) == (nets, nets)
    files.take_edit(nets, None)
    assert (files.module("nets", main), files.module("nets", other)) == (str(tmp_path / "lib" / "nets.py"), None)
    write(tmp_path, nets="")
    files.take_file(nets)
    assert files.module("nets", other) == nets


def test_opening_files_and_typing_in_one_looks_no_import_of_another_up_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {f"f{at}": f"NAMES = ['1']\n{CALLER}import f{at // 2}\n{WRAPPER}" for at in range(12)}
    write(tmp_path, taps=WRAPPER, **texts)
    files = files_of(tmp_path)
    looked_up: list[tuple[str, str]] = []
    look_up = WorkspaceFiles._find_module
    monkeypatch.setattr(
        WorkspaceFiles, "_find_module", lambda self, *asked: looked_up.append(asked) or look_up(self, *asked)
    )
    for path, file in list(files.disk.items()):
        files.take_edit(path, file.text)
        assert find_calls(file.text, path, Reading(files)).calls
    assert len(looked_up) == len(set(looked_up)) > len(texts)
    looked_up.clear()
    typed_in = str(tmp_path / "f3.py")
    files.take_edit(typed_in, f"{texts['f3']}x = 1\n")
    assert find_calls(files.text(typed_in) or "", typed_in, Reading(files)).calls
    assert {importer for _, importer in looked_up} == {typed_in}


def test_an_editors_text_wins_until_it_is_closed(tmp_path: Path) -> None:
    write(tmp_path, a="word = 1\n", b="other = 1\n")
    files = files_of(tmp_path)
    a, b = str(tmp_path / "a.py"), str(tmp_path / "b.py")
    assert list(files.mentioning("word")) == [a]
    files.take_edit(a, "nothing\n")
    files.take_edit(b, "word\n")
    assert (list(files.mentioning("word")), files.text(a)) == ([b], "nothing\n")
    files.take_edit(a, None)
    assert list(files.mentioning("word")) == [a, b]


def test_a_changed_file_is_read_again_and_an_unchanged_one_is_not(tmp_path: Path) -> None:
    write(tmp_path, a="word = 1\n", b="x = 1\n")
    files = files_of(tmp_path)
    assert list(files.mentioning("word")) == [str(tmp_path / "a.py")]
    write(tmp_path, a="gone = 1\n", c="word = 2\n")
    for name in ("a", "c"):
        files.take_file(str(tmp_path / f"{name}.py"))
    assert list(files.mentioning("word")) == [str(tmp_path / "c.py")]
    again = read_folders([str(tmp_path)], files.disk)
    assert again == files.disk
    assert again[str(tmp_path / "b.py")] is files.disk[str(tmp_path / "b.py")]
    (tmp_path / "c.py").unlink()
    files.take_file(str(tmp_path / "c.py"))
    assert list(files.mentioning("word")) == []


def test_reading_is_bounded_and_can_be_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, **{f"f{at}": "x = 1\n" for at in range(20)}, big="#" * (workspace_files.LARGEST_FILE + 1))
    assert len(read_folders([str(tmp_path)], {})) == 20
    monkeypatch.setattr(workspace_files, "MOST_FILES", 7)
    assert len(read_folders([str(tmp_path)], {})) == 7
    stop = threading.Event()
    stop.set()
    assert read_folders([str(tmp_path)], {}, stop) == {}


async def test_a_wrapper_in_another_file_is_resolved(desk: Desk) -> None:
    desk.write("taps.py", WRAPPER)
    uri = desk.open(CALLER, "main.py")
    desk.configure(folders=(FolderSettings(str(desk.folder)),))
    await desk.engine.indexed()
    await desk.settled(uri)
    analysis = desk.engine.analysis(uri)
    assert analysis
    (call,) = analysis.calls
    assert [query.text for query in call.call.queries] == ["1"]
    assert call.models[0].status == "ready"


async def test_an_edit_of_the_caller_reaches_the_open_wrapper(desk: Desk) -> None:
    desk.configure(folders=(FolderSettings(str(desk.folder)),))
    await desk.engine.indexed()
    taps, main = desk.open(WRAPPER, "taps.py"), desk.open(CALLER, "main.py")
    await desk.until(lambda: bool(desk.engine.analysis(taps).calls[0].models))  # type: ignore[union-attr]
    desk.engine.change(main, CALLER.replace("nn.ReLU()", "nn.ReLU(), nn.Flatten()"), 2)
    await desk.until(lambda: "Flatten" in str(desk.model(taps).slice))
    desk.engine.close(main)
    await desk.until(lambda: not desk.engine.analysis(taps).calls[0].models)  # type: ignore[union-attr]
