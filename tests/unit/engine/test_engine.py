"""Documents in, analyses out: with real worker processes and real torch."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from engine_harness import SCRIPT, SLOW, WIDER, Desk, assert_ends, names

from fxlens.engine.settings import EngineSettings, FolderSettings

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_nothing_runs_before_trust_and_everything_after(desk: Desk) -> None:
    uri = desk.open(SCRIPT + "open('canary', 'w')\n")
    state = await desk.settled(uri)
    assert state.status == "blocked"
    assert state.failure
    assert state.failure.kind == "untrusted"
    assert not desk.states
    assert desk.engine.worker_state(desk.path("script.py")).status == "stopped"
    desk.configure()
    state = await desk.settled(uri)
    assert state.status == "ready"
    assert names(state) == ("input", "0", "1")
    assert desk.statuses == ["starting", "importing", "ready", "tracing", "ready"]
    assert not (desk.folder / "canary").exists()


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


async def test_a_file_without_a_call_starts_nothing(desk: Desk) -> None:
    desk.configure()
    uri = desk.open("from torch import nn\nmodel = nn.ReLU()\n")
    await desk.engine.settled(uri)
    assert not desk.states
    desk.engine.change(uri, "", 2)
    await desk.engine.settled(uri)
    analysis = desk.engine.analysis(uri)
    assert analysis
    assert (analysis.calls, analysis.version) == ((), 2)


async def test_the_last_good_graph_stays_while_a_new_one_is_made(desk: Desk) -> None:
    desk.configure()
    uri = desk.open()
    old = (await desk.settled(uri)).graph
    desk.engine.change(uri, WIDER, 2)
    state = desk.model(uri)
    assert (state.status, state.stale, state.graph, state.current_graph) == ("waiting", True, old, None)
    state = await desk.settled(uri)
    assert names(state) == ("input", "0", "1", "2")
    assert state.current_graph
    assert desk.statuses.count("starting") == 1


async def test_a_failure_keeps_the_last_good_graph_and_the_next_edit_recovers(desk: Desk) -> None:
    desk.configure()
    uri = desk.open()
    old = (await desk.settled(uri)).graph
    desk.engine.change(uri, SCRIPT.replace("nn.ReLU()", "nn.Reluu()"), 2)
    state = await desk.settled(uri)
    assert (state.status, state.stale, state.graph) == ("failed", True, old)
    assert state.failure
    assert state.failure.kind == "AttributeError"
    assert state.failure.source
    assert state.failure.source.line == 4
    desk.engine.change(uri, WIDER, 3)
    assert names(await desk.settled(uri)) == ("input", "0", "1", "2")


async def test_an_edit_elsewhere_evaluates_nothing_and_moves_lines(desk: Desk) -> None:
    desk.configure()
    source = SCRIPT.replace(
        "model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())",
        "class Net(nn.Module):\n    def forward(self, x):\n        return x + 1\n\nmodel = Net()",
    )
    uri = desk.open(source)
    state = await desk.settled(uri)
    assert state.graph
    assert state.graph.eval
    assert state.graph.eval.nodes[1].source
    assert state.graph.eval.nodes[1].source.line == 6
    traces = len(desk.phases)
    desk.engine.change(uri, "# a comment\n\n" + source.replace('"1"', '"add"'), 2)
    state = await desk.settled(uri)
    assert state.status == "ready"
    assert not state.stale
    assert state.graph
    assert state.graph.eval
    assert state.graph.eval.nodes[1].source
    assert state.graph.eval.nodes[1].source.line == 8
    await desk.engine.settled(uri)
    assert len(desk.phases) == traces


async def test_an_edit_cancels_the_trace_that_it_outdates(desk: Desk) -> None:
    desk.configure()
    uri = desk.open(SLOW)
    await desk.until(lambda: ("model", "build") in desk.phases)
    desk.engine.change(uri, SCRIPT, 2)
    state = await desk.settled(uri)
    assert names(state) == ("input", "0", "1")
    assert desk.statuses.count("starting") == 1


async def test_an_edit_during_the_start_does_not_start_again(desk: Desk) -> None:
    desk.configure()
    uri = desk.open()
    await desk.until(lambda: "importing" in desk.statuses)
    desk.engine.change(uri, WIDER, 2)
    desk.engine.change(uri, WIDER.replace("Flatten", "Identity"), 3)
    state = await desk.settled(uri)
    assert names(state) == ("input", "0", "1", "2")
    assert desk.statuses.count("starting") == 1


async def test_results_for_an_earlier_text_are_never_shown(desk: Desk) -> None:
    desk.configure()
    uri = desk.open()
    await desk.settled(uri)
    for version in range(2, 40):
        text = WIDER if version % 2 else SCRIPT
        desk.engine.change(uri, text.replace("8", str(version)), version)
    await desk.settled(uri)
    for analysis in desk.analyses:
        (call,) = analysis.calls
        if graph := call.models[0].current_graph:
            assert graph.eval
            assert len(graph.eval.names) == (4 if "Flatten" in analysis.text else 3)
    assert len([one for one in desk.phases if one[1] is None]) < 5


async def test_a_saved_import_is_traced_again_and_an_unrelated_one_is_not(desk: Desk) -> None:
    desk.configure()
    imported = desk.write("parts.py", "from torch import nn\nmodel = nn.Sequential(nn.ReLU())\n")
    other = desk.write("other.py", "")
    uri = desk.open(SCRIPT.replace("model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())", "from parts import model"))
    assert names(await desk.settled(uri)) == ("input", "0")
    traces = len(desk.phases)
    desk.engine.file_changed(other)
    desk.engine.file_changed(imported)
    assert desk.model(uri).status == "ready"
    assert len(desk.phases) == traces
    desk.write("parts.py", "from torch import nn\nmodel = nn.Sequential(nn.ReLU(), nn.ReLU())\n")
    desk.engine.file_changed(imported)
    assert desk.model(uri).stale
    assert names(await desk.settled(uri)) == ("input", "0", "1")


async def test_a_mended_import_recovers_a_failed_model(desk: Desk) -> None:
    desk.configure()
    path = desk.path("parts.py")
    uri = desk.open(SCRIPT.replace("model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())", "from parts import model"))
    state = await desk.settled(uri)
    assert state.failure
    assert state.failure.kind == "ModuleNotFoundError"
    desk.write("parts.py", "from torch import nn\nmodel = 1 / 0\n")
    desk.engine.file_changed(path)
    state = await desk.settled(uri)
    assert state.failure
    assert state.failure.source
    assert (Path(state.failure.source.file).name, state.failure.source.line) == ("parts.py", 2)
    desk.write("parts.py", "from torch import nn\nmodel = nn.Sequential(nn.ReLU())\n")
    desk.engine.file_changed(path)
    assert names(await desk.settled(uri)) == ("input", "0")


async def test_a_model_seen_before_is_there_at_once(desk: Desk) -> None:
    desk.configure()
    uri = desk.open()
    await desk.settled(uri)
    desk.engine.change(uri, WIDER, 2)
    await desk.settled(uri)
    desk.engine.change(uri, SCRIPT, 3)
    assert desk.model(uri).status == "ready"
    desk.engine.close(uri)
    assert desk.engine.analysis(uri) is None
    uri = desk.open()
    assert names(desk.model(uri)) == ("input", "0", "1")


async def test_closing_a_document_cancels_its_trace(desk: Desk) -> None:
    desk.configure()
    uri = desk.open(SLOW)
    await desk.until_status(uri, "tracing")
    desk.engine.close(uri)
    await desk.until(lambda: desk.states[-1].status == "ready")


@pytest.mark.own_worker
async def test_two_documents_share_one_trace_and_one_worker(desk: Desk) -> None:
    desk.configure()
    first, second = desk.open(name="a.py"), desk.open(name="b.py")
    assert names(await desk.settled(first)) == names(await desk.settled(second))
    assert len(desk.engine.worker_pids()) == 1


async def test_time_limit_is_named_and_a_higher_one_tries_again(desk: Desk) -> None:
    desk.configure(limits={"build_seconds": 0.3})
    uri = desk.open(SCRIPT.replace("nn.Conv2d(3, 8, 3)", "[nn.ReLU(), __import__('time').sleep(1)][0]"))
    state = await desk.settled(uri)
    assert state.failure
    assert state.failure.kind == "timeout"
    assert "fxlens.limits.buildSeconds" in state.failure.remedy
    desk.configure(limits={"build_seconds": 20.0})
    assert names(await desk.settled(uri)) == ("input", "0", "1")
    assert desk.statuses.count("starting") == 1


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


def test_folder_and_extra_paths_of_a_file() -> None:
    settings = EngineSettings(folders=(FolderSettings("/a"), FolderSettings("/a/b")), extra_paths=("/x",))
    assert settings.folder_of("untitled:Untitled-1") == FolderSettings("/a")
    folder = settings.folder_of("/a/bc/f.py")
    assert folder
    assert folder.path == "/a"
    own = EngineSettings(
        folders=(FolderSettings("/a"), FolderSettings("/b", extra_paths=("/b/lib",))), extra_paths=("/x",)
    )
    assert own.root_settings().folders == {"/a": ("/x",), "/b": ("/b/lib",)}


async def test_a_cancelled_trace_says_so_and_saving_tries_again(desk: Desk) -> None:
    desk.configure()
    source = SCRIPT.replace("nn.Conv2d(3, 8, 3)", "wait()").replace("model =", "from parts import wait\nmodel =")
    path = desk.write("parts.py", "import time\ndef wait():\n    time.sleep(1000)\n")
    uri = desk.open(source)
    await desk.until(lambda: ("model", "build") in desk.phases)
    key = desk.progress[-1].key
    desk.engine.cancel(key)
    state = await desk.settled(uri)
    assert state.failure
    assert (state.status, state.failure.kind) == ("failed", "cancelled")
    assert "Save the file" in state.failure.remedy
    desk.engine.cancel(key)  # It has ended: nothing to cancel.
    await desk.until(lambda: desk.progress[-1].phase is None)
    assert desk.statuses[-1] == "ready"
    Path(path).write_text("from torch import nn\ndef wait():\n    return nn.ReLU()\n")
    desk.engine.file_changed(desk.path("script.py"))
    assert names(await desk.settled(uri)) == ("input", "0", "1")


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


SLOW_SHAPES = """\
import time
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor

class Leaf(nn.Module):
    def forward(self, x):
        time.sleep(1000)
        return x

model = nn.Sequential(Leaf(), nn.ReLU())
features = create_feature_extractor(
    model, return_nodes={"1": "out"}, tracer_kwargs={"leaf_modules": [Leaf]}
)
"""


async def test_names_do_not_wait_for_shapes(desk: Desk) -> None:
    desk.configure()
    uri = desk.open(SLOW_SHAPES)
    await desk.until(lambda: desk.model(uri).current_graph is not None)
    state = desk.model(uri)
    assert state.status == "tracing"
    assert names(state) == ("input", "0", "1")
    # An edit elsewhere moves them; giving up keeps them.
    desk.engine.change(uri, "# moved\n" + SLOW_SHAPES, 2)
    assert desk.model(uri).current_graph
    desk.engine.cancel(desk.progress[-1].key)
    state = await desk.settled(uri)
    assert (state.status, names(state)) == ("ready", ("input", "0", "1"))
    # An edit of the model makes them stale at once.
    desk.engine.change(uri, SLOW_SHAPES.replace("1000", "0"), 3)
    assert desk.model(uri).current_graph is None
    state = await desk.settled(uri)
    assert (state.status, names(state)) == ("ready", ("input", "0", "1"))


async def test_names_that_came_ahead_stay_if_shapes_take_too_long(desk: Desk) -> None:
    desk.configure(limits={"shapes_seconds": 0.5})
    uri = desk.open(SLOW_SHAPES)
    state = await desk.settled(uri)
    assert (state.status, names(state)) == ("ready", ("input", "0", "1"))
    assert "shapes are unknown" in "".join(desk.log)
