"""Drives an engine as the language server does, and waits for events instead of sleeping."""

from __future__ import annotations

import asyncio
import os
import select
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from kept_workers import KeptWorkers

from fxlens.engine.analysis import FileAnalysis, ModelState, WorkerState
from fxlens.engine.engine import Engine
from fxlens.engine.settings import EngineSettings
from fxlens.engine.traces import Progress
from fxlens.graph import Phase
from fxlens.worker.messages import Limits

PATIENCE = 60.0

SCRIPT = """\
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor

model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
features = create_feature_extractor(model, return_nodes={"1": "out"})
"""
WIDER = SCRIPT.replace("nn.ReLU())", "nn.ReLU(), nn.Flatten())")
SLOW = SCRIPT.replace("nn.Conv2d(3, 8, 3)", "[nn.ReLU(), __import__('time').sleep(1000)][0]")


class Desk:
    """An engine, the documents of one folder, and everything the engine said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.analyses: list[FileAnalysis] = []
        self.states: list[WorkerState] = []
        self.log: list[str] = []
        self.phases: list[tuple[str, Phase | None]] = []
        self.progress: list[Progress] = []
        self.on_state: Callable[[WorkerState], None] = lambda _: None
        self.pids: set[int] = set()
        self._news = asyncio.Event()
        self.engine = Engine(self._take_analysis, self._take_state, self.log.append, self._take_phase)
        self.settings = EngineSettings(trusted=True, default_interpreter=sys.executable, default_reason="for tests")

    def _take_analysis(self, analysis: FileAnalysis) -> None:
        self.analyses.append(analysis)
        self.pids.update(self.engine.worker_pids())
        self._news.set()

    def _take_state(self, state: WorkerState) -> None:
        self.states.append(state)
        self.on_state(state)
        self.pids.update(self.engine.worker_pids())
        self._news.set()

    def _take_phase(self, progress: Progress) -> None:
        self.progress.append(progress)
        self.phases.append((progress.model, progress.phase))
        self.pids.update(self.engine.worker_pids())
        self._news.set()

    def configure(self, **changes: Any) -> None:
        limits = replace(Limits(), **changes.pop("limits", {}))
        self.settings = replace(self.settings, limits=limits, **changes)
        self.engine.configure(self.settings)

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def write(self, name: str, source: str) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
        return str(path)

    def open(self, text: str = SCRIPT, name: str = "script.py", version: int = 1) -> str:
        uri = f"file://{self.path(name)}"
        self.engine.open(uri, self.path(name), text, version)
        return uri

    async def edit(self, uri: str, text: str, version: int) -> None:
        """Change a document and wait until its text, not its model, has been read, which is mostly at once."""
        self.engine.change(uri, text, version)
        await self.engine.read(uri)  # Not by `wait_for`, which lets the loop run on in between.

    async def settled(self, uri: str) -> ModelState:
        """The state of the document's first model when nothing is pending any more."""
        await asyncio.wait_for(self.engine.settled(uri), PATIENCE)
        return self.model(uri)

    def model(self, uri: str, at: int = 0) -> ModelState:
        analysis = self.engine.analysis(uri)
        assert analysis
        return analysis.calls[at].models[0]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until ``holds``, looking whenever the engine says something."""

        async def watch() -> None:
            while not holds():
                self._news.clear()
                await self._news.wait()

        await asyncio.wait_for(watch(), PATIENCE)

    async def until_status(self, uri: str, status: str) -> None:
        await self.until(lambda: self.model(uri).status == status)

    @property
    def statuses(self) -> list[str]:
        """The worker's statuses, repetitions left out."""
        found: list[str] = []
        for state in self.states:
            if not found or found[-1] != state.status:
                found.append(state.status)
        return found

    async def close(self, kept: KeptWorkers | None = None) -> None:
        """End the engine: all its processes end, but for workers that are ``kept``, and all its tasks."""
        await asyncio.wait_for(self.engine.shutdown(), 10)
        resting = kept.pids if kept else set()
        for pid in self.pids - resting:
            assert_ends(pid)
        left = {repr(task.get_coro()) for task in asyncio.all_tasks() - {asyncio.current_task()}}
        assert not {task for task in left if "fxlens" in task and not (resting and "WorkerClient._read" in task)}


def assert_ends(pid: int, seconds: float = 5.0) -> None:
    """Wait for the end of a process that need not be a child of ours."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ready, _, _ = select.select([descriptor], [], [], seconds)
        assert ready, f"process {pid} is still there after {seconds} s"
    finally:
        os.close(descriptor)


def names(state: ModelState) -> tuple[str, ...]:
    assert state.graph, state
    assert state.graph.eval, state
    return state.graph.eval.names
