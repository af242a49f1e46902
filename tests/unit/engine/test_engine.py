"""Documents in, analyses out: with real worker processes and real torch."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine_harness import SCRIPT, SLOW, WIDER, Desk, names

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
    await desk.edit(uri, WIDER, 2)
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
    await desk.edit(uri, "# moved\n" + SLOW_SHAPES, 2)
    assert desk.model(uri).current_graph
    desk.engine.cancel(desk.progress[-1].key)
    state = await desk.settled(uri)
    assert (state.status, names(state)) == ("ready", ("input", "0", "1"))
    # An edit of the model makes them stale at once.
    await desk.edit(uri, SLOW_SHAPES.replace("1000", "0"), 3)
    assert desk.model(uri).current_graph is None
    state = await desk.settled(uri)
    assert (state.status, names(state)) == ("ready", ("input", "0", "1"))


async def test_names_that_came_ahead_stay_if_shapes_take_too_long(desk: Desk) -> None:
    desk.configure(limits={"shapes_seconds": 0.5})
    uri = desk.open(SLOW_SHAPES)
    state = await desk.settled(uri)
    assert (state.status, names(state)) == ("ready", ("input", "0", "1"))
    assert "shapes are unknown" in "".join(desk.log)
