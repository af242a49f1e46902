"""Results kept between sessions."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
from pathlib import Path

import pytest
from engine_harness import SCRIPT, WIDER, Desk, names

from fxlens.engine.cache import Traced, TraceKey
from fxlens.engine.disk_cache import FILE, FOLDER_VARIABLE, DiskCache, cache_folder
from fxlens.graph import GraphNode, ModeGraph, ModelGraph
from fxlens.source.model import Argument, Slice, SliceStatement
from fxlens.worker.messages import ImportedFile, TraceReply

KEY = TraceKey(sys.executable, "request")


def traced(nodes: int = 3) -> Traced:
    graph = ModeGraph("eval", tuple(GraphNode(os.urandom(20).hex(), "call_module", "x") for _ in range(nodes)), {})
    slice_ = Slice("/a.py", (SliceStatement(3, "x = 1"),), "x", 4, (Argument("a", "b", 5),))
    reply = TraceReply(ModelGraph("X", "timm", None, graph, ()), None, (ImportedFile("/b.py", "1"),), "out", {})
    return Traced(slice_, reply)


def cache(folder: Path, log: list[str], **options: int) -> DiskCache:
    made = DiskCache(folder, log.append, **options)
    made.remember_environment(sys.executable, (str(folder.parent / "packages"),))
    return made


def test_what_is_stored_comes_back_whole(tmp_path: Path) -> None:
    log: list[str] = []
    value = traced()
    cache(tmp_path / "cache", log).put(KEY, value)
    assert DiskCache(tmp_path / "cache", log.append).get(KEY) == value
    assert DiskCache(tmp_path / "cache", log.append).get(TraceKey(sys.executable, "other")) is None
    assert DiskCache(tmp_path / "cache", log.append).get(TraceKey("/other/python", "request")) is None
    assert log == []


def test_a_change_of_the_environment_outdates_results(tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    disk = cache(tmp_path / "cache", [])
    disk.put(KEY, traced())
    assert disk.get(KEY)
    (packages / "torch-99.dist-info").mkdir()
    assert disk.get(KEY) is None


def test_its_size_is_bounded_and_the_least_used_go_first(tmp_path: Path) -> None:
    disk = cache(tmp_path / "cache", [], largest_bytes=20_000)
    first = TraceKey(sys.executable, "first")
    disk.put(first, traced(100))
    for number in range(20):
        assert disk.get(first)
        disk.put(TraceKey(sys.executable, str(number)), traced(100))
    found = [number for number in range(20) if disk.get(TraceKey(sys.executable, str(number)))]
    assert found
    assert found == list(range(found[0], 20))
    assert found[0] > 0


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_garbage_is_dropped_with_a_line_in_the_log(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    log: list[str] = []
    disk = DiskCache(tmp_path, log.append)
    assert disk.get(KEY) is None
    assert "damaged" in log[0]
    disk.remember_environment(sys.executable, ())
    disk.put(KEY, traced())
    assert disk.get(KEY)


def test_a_damaged_row_is_dropped_too(tmp_path: Path) -> None:
    import sqlite3

    log: list[str] = []
    disk = cache(tmp_path, log)
    disk.put(KEY, traced())
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute("update results set reply = x'00'")
    database.close()
    assert disk.get(KEY) is None
    assert "damaged" in log[0]
    assert disk.get(KEY) is None


def test_a_folder_that_cannot_be_written_costs_the_cache_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    log: list[str] = []
    disk = DiskCache(tmp_path / "file" / "cache", log.append)
    disk.put(KEY, traced())
    assert disk.get(KEY) is None
    assert len(log) == 1


def write_many(folder: str, start: int) -> None:
    log: list[str] = []
    disk = cache(Path(folder), log)
    for number in range(start, start + 20):
        disk.put(TraceKey(sys.executable, str(number)), traced())
    assert log == []


def test_several_servers_at_once(tmp_path: Path) -> None:
    disk = cache(tmp_path, [])
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_many, args=(str(tmp_path), start)) for start in (0, 20, 40)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert all(disk.get(TraceKey(sys.executable, str(number))) for number in range(60))


def test_a_package_installed_while_the_worker_runs_is_not_the_one_it_used(tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    disk = cache(tmp_path / "cache", [])
    (packages / "torch-99.dist-info").mkdir()
    disk.put(KEY, traced())
    assert disk.get(KEY) is None


def test_the_folder_is_the_setting_or_the_variable_or_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_folder("/mine") == "/mine"
    assert cache_folder("off") is None
    monkeypatch.setenv(FOLDER_VARIABLE, "/ci")
    assert cache_folder() == "/ci"
    assert cache_folder("/mine") == "/mine"
    monkeypatch.delenv(FOLDER_VARIABLE)
    for platform, variable, below in (
        ("linux", "XDG_CACHE_HOME", "fxlens"),
        ("darwin", "HOME", "Library/Caches/fxlens"),
        ("win32", "LOCALAPPDATA", "fxlens"),
    ):
        monkeypatch.setattr(sys, "platform", platform)
        monkeypatch.setenv(variable, "/base")
        assert cache_folder() == f"/base/{below}"


async def test_a_model_traced_in_an_earlier_session_needs_no_worker(tmp_path: Path) -> None:
    source = SCRIPT.replace("model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())", "from parts import model")
    first = Desk(tmp_path / "workspace")
    first.write("parts.py", "from torch import nn\nmodel = nn.Sequential(nn.ReLU())\n")
    first.configure(cache_folder=str(tmp_path / "cache"))
    await first.settled(first.open(source))
    await first.close()

    second = Desk(tmp_path / "workspace")
    second.configure(cache_folder=str(tmp_path / "cache"))
    uri = second.open("# moved\n" + source)
    assert names(await second.settled(uri)) == ("input", "0")
    assert second.states == []
    # A restart asks for the truth, not for what was stored.
    await second.engine.restart()
    await second.settled(uri)
    assert "tracing" in second.statuses
    await second.close()

    third = Desk(tmp_path / "workspace")
    third.write("parts.py", "from torch import nn\nmodel = nn.Sequential(nn.ReLU(), nn.ReLU())\n")
    third.configure(cache_folder=str(tmp_path / "cache"))
    assert names(await third.settled(third.open(source))) == ("input", "0", "1")
    assert "tracing" in third.statuses
    await third.close()
    assert sorted(path.name for path in (tmp_path / "workspace").iterdir()) == ["parts.py"]


async def test_nothing_is_read_from_the_cache_without_trust(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.configure(cache_folder=str(tmp_path / "cache"), trusted=False)
    uri = desk.open(WIDER)
    assert (await desk.settled(uri)).status == "blocked"
    assert not (tmp_path / "cache").exists()
    await asyncio.wait_for(desk.close(), 10)
