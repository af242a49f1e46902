"""The workers that an engine has: started, shared, lost, restarted and sent to rest; and their interpreters."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from engine_harness import SCRIPT, SLOW, WIDER, Desk, assert_ends, names

from fxlens.engine.settings import FolderSettings

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.own_worker
async def test_trust_taken_away_ends_the_worker(desk: Desk) -> None:
    desk.configure()
    uri = desk.open()
    await desk.settled(uri)
    (pid,) = desk.engine.worker_pids()
    desk.configure(trusted=False)
    assert desk.model(uri).status == "blocked"
    assert desk.model(uri).current_graph is None
    await asyncio.to_thread(assert_ends, pid)


async def test_an_edit_during_the_start_does_not_start_again(desk: Desk) -> None:
    desk.configure()
    uri = desk.open()
    await desk.until(lambda: "importing" in desk.statuses)
    desk.engine.change(uri, WIDER, 2)
    desk.engine.change(uri, WIDER.replace("Flatten", "Identity"), 3)
    state = await desk.settled(uri)
    assert names(state) == ("input", "0", "1", "2")
    assert desk.statuses.count("starting") == 1


@pytest.mark.own_worker
async def test_two_documents_share_one_trace_and_one_worker(desk: Desk) -> None:
    desk.configure()
    first, second = desk.open(name="a.py"), desk.open(name="b.py")
    assert names(await desk.settled(first)) == names(await desk.settled(second))
    assert len(desk.engine.worker_pids()) == 1


@pytest.mark.own_worker
async def test_restart_begins_anew(desk: Desk) -> None:
    desk.configure()
    uri = desk.open()
    await desk.settled(uri)
    (before,) = desk.engine.worker_pids()
    await desk.engine.restart()
    assert desk.model(uri).stale
    assert names(await desk.settled(uri)) == ("input", "0", "1")
    (after,) = desk.engine.worker_pids()
    assert after != before
    await asyncio.to_thread(assert_ends, before)


async def test_restart_while_tracing(desk: Desk) -> None:
    desk.configure()
    uri = desk.open(SLOW)
    await desk.until_status(uri, "tracing")
    await desk.engine.restart()
    await desk.until_status(uri, "tracing")
    desk.engine.change(uri, SCRIPT, 2)
    assert (await desk.settled(uri)).status == "ready"


@pytest.mark.own_worker
async def test_a_worker_killed_while_tracing_is_started_again(desk: Desk) -> None:
    desk.configure()
    marker = desk.path("first")
    waits = f"__import__('os').path.exists({marker!r}) or __import__('time').sleep(99)"
    source = SCRIPT.replace("nn.Conv2d(3, 8, 3)", f"[nn.ReLU(), {waits}][0]")
    uri = desk.open(source)
    await desk.until(lambda: ("model", "build") in desk.phases)
    desk.write("first", "")
    (pid,) = desk.engine.worker_pids()
    os.kill(pid, signal.SIGKILL)
    assert names(await desk.settled(uri)) == ("input", "0", "1")
    once = ["starting", "importing", "ready", "tracing"]
    assert desk.statuses == [*once, "failed", *once, "ready"]


@pytest.mark.own_worker
async def test_a_worker_killed_while_idle_is_started_when_needed(desk: Desk) -> None:
    desk.configure()
    uri = desk.open()
    await desk.settled(uri)
    (pid,) = desk.engine.worker_pids()
    os.kill(pid, signal.SIGKILL)
    await desk.until(lambda: desk.states[-1].status == "stopped")
    assert "signal 9" in desk.states[-1].reason
    assert desk.model(uri).current_graph
    desk.engine.change(uri, WIDER, 2)
    assert names(await desk.settled(uri)) == ("input", "0", "1", "2")


async def test_an_idle_worker_is_sent_to_rest(desk: Desk) -> None:
    desk.configure(idle_minutes=0.002)
    uri = desk.open()
    await desk.settled(uri)
    await desk.until(lambda: desk.states[-1].status == "stopped")
    assert "idle" in desk.states[-1].reason
    desk.engine.change(uri, WIDER, 2)
    assert (await desk.settled(uri)).status == "ready"


async def test_an_interpreter_without_torch_blocks_and_another_helps(desk: Desk) -> None:
    bare = desk.write("bare/python", f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    Path(bare).chmod(0o755)
    desk.configure(default_interpreter=bare)
    uri = desk.open()
    state = await desk.settled(uri)
    assert state.status == "blocked"
    assert state.failure
    assert f"There is no torch in {bare}" in state.failure.message
    assert desk.engine.worker_state(desk.path("script.py")).status == "failed"
    desk.configure(default_interpreter=sys.executable)
    assert (await desk.settled(uri)).status == "ready"


async def test_without_an_interpreter_the_reason_is_given(desk: Desk) -> None:
    folder = FolderSettings(str(desk.folder), None, "", "The chosen environment is broken.")
    desk.configure(folders=(folder,))
    uri = desk.open()
    state = await desk.settled(uri)
    assert state.status == "blocked"
    assert state.failure
    assert state.failure.message == "The chosen environment is broken."


@pytest.mark.own_worker
async def test_folders_have_their_own_interpreters(desk: Desk) -> None:
    inner = desk.write("inner/python", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    Path(inner).chmod(0o755)
    desk.configure(folders=(FolderSettings(str(desk.folder / "inner"), inner, "the inner one"),))
    first, second = desk.open(name="script.py"), desk.open(name="inner/script.py")
    assert (await desk.settled(first)).status == (await desk.settled(second)).status == "ready"
    assert len(set(desk.engine.worker_pids())) == 2
    state = desk.engine.worker_state(desk.path("inner/x.py"))
    assert (state.interpreter, state.interpreter_reason) == (inner, "the inner one")


@pytest.mark.own_worker
async def test_more_interpreters_than_workers_take_turns(desk: Desk, tmp_path: Path) -> None:
    folders = []
    for name in ("one", "two", "three"):
        python = tmp_path / name / "python"
        python.parent.mkdir()
        python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        python.chmod(0o755)
        folders.append(FolderSettings(str(python.parent), str(python)))
    most = 0

    def count(_: object) -> None:
        nonlocal most
        most = max(most, len(desk.engine.worker_pids()))

    desk.on_state = count
    desk.configure(folders=tuple(folders), max_workers=2)
    uris = [desk.open(name=f"{Path(folder.path).name}/script.py") for folder in folders]
    assert [(await desk.settled(uri)).status for uri in uris] == ["ready"] * 3
    assert most == 2
    assert any("at most 2 workers run at once" in state.reason for state in desk.states)
    parked = [state for state in desk.states if "make room" in state.reason]
    assert len(parked) == 1
    # The one that was parked comes back when it is needed.
    interpreter = parked[0].interpreter
    at = next(at for at, folder in enumerate(folders) if folder.interpreter == interpreter)
    desk.engine.change(uris[at], WIDER, 2)
    assert names(await desk.settled(uris[at])) == ("input", "0", "1", "2")
    assert most == 2
