"""From an edit to node names, against what the user would do today: ``python -c`` with torchvision's own function.

    python tests/bench/bench_worker.py [--models resnet50,vit_b_16,swin_v2_t,vit_h_14] [--edits 20] [--today 3]

Both in one run, wall clock, on an otherwise idle machine. Printed are, per model:

* ``today``: one ``python -c`` that builds the model on the CPU and prints ``get_graph_node_names`` (median), without
  weights, which it would have to download.
* ``import``: one ``python -c "import torchvision"`` (median). ``cold``: opening the file in a fresh engine until its
  names are there; with the imports of torch and torchvision. Budget: at most 0.85 times the import.
* ``edit p50/p95``: an edit that changes the model (with ``weights=``) until the new names are there, and ``shapes
  p50`` until the shapes are, too. Budget for resnet50: names at most 120 ms, shapes at most 200 ms.
  The first edit comes a second after the first answer: an author reads, and the worker imports what it needs next.
* ``worker MB``: what the worker holds in RAM. ``memory MB``: what a trace process holds beyond what it shares with the
  worker, at most, sampled while further edits are made: sampling slows them down by half. Budget: 50 MB for vit_h_14.
* ``reopen``: a new engine on the stored results. Budget: 1 s. No worker may be started.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from fxlens.engine.analysis import FileAnalysis, WorkerState
from fxlens.engine.engine import Engine
from fxlens.engine.settings import EngineSettings

TODAY = """\
from torchvision.models import {name}
from torchvision.models.feature_extraction import get_graph_node_names
print(len(get_graph_node_names({name}())[0]))
"""
SOURCE = """\
from torchvision.models import {name}
from torchvision.models.feature_extraction import create_feature_extractor

classes = {classes}
model = {name}(weights="{weights}")
model.more = classes
features = create_feature_extractor(model, return_nodes=["{node}"])
"""
NODES = {"resnet50": "layer1", "vit_b_16": "encoder", "swin_v2_t": "features.0", "vit_h_14": "encoder"}
PAUSE_SECONDS = 1.0
SAMPLED_EDITS = 5
WEIGHTS = {"vit_h_14": "IMAGENET1K_SWAG_E2E_V1"}


def memory_mb(pid: int, kind: str) -> float:
    """``Rss`` is all that a process has in RAM, ``Private_Dirty`` what it does not share with the one it came from."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(f"{kind}:"))


class MemoryWatch:
    """Samples the worker and its trace processes until told to stop."""

    def __init__(self, worker: int) -> None:
        self.worker_mb = 0.0
        self.growth_mb = 0.0
        self._worker = worker
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()

    def _sample(self) -> None:
        children = Path(f"/proc/{self._worker}/task/{self._worker}/children")
        while not self._done.wait(0.005):
            self.worker_mb = memory_mb(self._worker, "Rss")
            for child in children.read_text().split():
                self.growth_mb = max(self.growth_mb, memory_mb(int(child), "Private_Dirty"))

    def stop(self) -> None:
        self._done.set()
        self._thread.join()


class Bench:
    def __init__(self, name: str, folder: Path) -> None:
        self._name = name
        self._folder = folder
        self._uri = f"file://{folder}/{name}_features.py"
        self.worker_states: list[WorkerState] = []
        self._named: float | None = None

    def _engine(self) -> Engine:
        engine = Engine(self._take, self.worker_states.append, lambda _: None)
        engine.configure(
            EngineSettings(trusted=True, default_interpreter=sys.executable, cache_folder=str(self._folder / "cache"))
        )
        return engine

    def _take(self, analysis: FileAnalysis) -> None:
        """Note when the names of the present text are there; shapes may come later."""
        for call in analysis.calls:
            if call.models[0].current_graph and self._named is None:
                self._named = time.perf_counter()

    def _source(self, classes: int) -> str:
        weights = WEIGHTS.get(self._name, "DEFAULT")
        return SOURCE.format(name=self._name, classes=classes, weights=weights, node=NODES.get(self._name, "x"))

    async def _answer(self, engine: Engine) -> None:
        await engine.settled(self._uri)
        analysis = engine.analysis(self._uri)
        assert analysis
        state = analysis.calls[0].models[0]
        assert state.current_graph, state.failure
        assert state.current_graph.eval, state.current_graph.failures

    async def run(self, edits: int) -> tuple[float, list[float], list[float], MemoryWatch, float]:
        path = str(self._folder / f"{self._name}_features.py")
        engine = self._engine()
        begin = time.perf_counter()
        engine.open(self._uri, path, self._source(0), 1)
        await self._answer(engine)
        cold = self._since(begin)
        await asyncio.sleep(PAUSE_SECONDS)
        times, with_shapes = [], []
        for edit in range(1, edits + 1):
            begin = await self._edit(engine, edit)
            times.append(self._since(begin))
            with_shapes.append(time.perf_counter() - begin)
        watch = MemoryWatch(engine.worker_pids()[0])
        for edit in range(edits + 1, edits + SAMPLED_EDITS + 1):
            await self._edit(engine, edit)
        watch.stop()
        await engine.shutdown()

        self.worker_states.clear()
        begin = time.perf_counter()
        engine = self._engine()
        engine.open(self._uri, path, self._source(edits + SAMPLED_EDITS), 1)
        await self._answer(engine)
        reopen = time.perf_counter() - begin
        await engine.shutdown()
        assert not self.worker_states, "a worker was started although the result was stored"
        return cold, times, with_shapes, watch, reopen

    async def _edit(self, engine: Engine, edit: int) -> float:
        """Make an edit that changes the model, and wait for the answer; when it began."""
        self._named = None
        begin = time.perf_counter()
        engine.change(self._uri, self._source(edit), edit + 1)
        await self._answer(engine)
        return begin

    def _since(self, begin: float) -> float:
        assert self._named
        return self._named - begin


def run_script(text: str, repeat: int) -> float:
    """How long a script takes, in seconds (median)."""
    times = []
    for _ in range(repeat):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", text], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join(NODES))
    parser.add_argument("--edits", type=int, default=20)
    parser.add_argument("--today", type=int, default=3)
    options = parser.parse_args()
    head = (
        "model",
        "today",
        "import",
        "cold",
        "/ import",
        "edit p50",
        "edit p95",
        "ratio",
        "shapes p50",
        "worker MB",
        "memory MB",
        "reopen",
    )
    print("".join(f"{title:>12}" for title in head))
    for name in options.models.split(","):
        before = run_script(TODAY.format(name=name), options.today)
        imported = run_script("import torchvision", options.today)
        with tempfile.TemporaryDirectory() as folder:
            cold, times, with_shapes, watch, reopen = asyncio.run(Bench(name, Path(folder)).run(options.edits))
        half, most = statistics.median(times), statistics.quantiles(times, n=20)[-1]
        shapes = statistics.median(with_shapes)
        figures = (
            before,
            imported,
            cold,
            cold / imported,
            half,
            most,
            before / half,
            shapes,
            watch.worker_mb,
            watch.growth_mb,
            reopen,
        )
        print(f"{name:>12}" + "".join(f"{figure:>12.2f}" for figure in figures), flush=True)


if __name__ == "__main__":
    main()
