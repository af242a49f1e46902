"""Starts workers and talks to them, blocking and with time limits: what the engine does, without an event loop."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fxlens.worker import confinement
from fxlens.worker.messages import Expression, Limits, Statement, TraceReply, TraceRequest
from fxlens.worker.pipe import FrameBuffer, encode

MAIN = Path(__file__).parents[3] / "server" / "fxlens" / "worker" / "main.py"
PATIENCE = 60.0
NEEDS_KERNEL = pytest.mark.skipif(not confinement.possible(), reason="the kernel confines nothing here")
GOOD = "from torch import nn\nmodel = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())\n"


def statements(source: str) -> tuple[Statement, ...]:
    """Every top-level statement of ``source``, as a slice has them."""
    lines = source.split("\n")
    found = []
    for node in ast.parse(source).body:
        first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))]) - 1
        found.append(Statement(first, "\n".join(lines[first : node.end_lineno])))
    return tuple(found)


class Workshop:
    """One worker and a folder to work in."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.folder = Path()
        self.temporary = Path()
        self.traces: list[int] = []
        self.confined_by = ""
        self._frames = FrameBuffer()
        self._messages: list[dict[str, Any]] = []
        self._number = 0

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def write(self, name: str, source: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
        return path

    def request(self, source: str, model: str = "model", **changes: Any) -> TraceRequest:
        """A request for a slice that is all of ``source``; ``limits`` may be given as a dict of changes."""
        limits = replace(Limits(), **changes.pop("limits", {}))
        arguments = {name: Expression(90, text) for name, text in changes.pop("arguments", {}).items()}
        path = self.folder / changes.pop("name", "script.py")
        return TraceRequest(
            path=str(path),
            statements=statements(source),
            model=Expression(source.count("\n"), model),
            dialect=changes.pop("dialect", "torchvision"),
            arguments=arguments,
            import_paths=(str(self.folder),),
            folder=str(self.folder),
            limits=limits,
        )

    def trace(self, source: str, model: str = "model", **changes: Any) -> TraceReply:
        return self.reply(self.begin(self.request(source, model, **changes)))

    def begin(self, request: TraceRequest) -> int:
        self._number += 1
        self.send({"jsonrpc": "2.0", "id": self._number, "method": "trace", "params": request.to_json()})
        return self._number

    def reply(self, number: int) -> TraceReply:
        message = self.wait_for(lambda message: message.get("id") == number)
        return TraceReply.from_json(message["result"])

    def send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin
        self.process.stdin.write(encode(message))
        self.process.stdin.flush()

    def wait_for_phase(self, number: int, phase: str) -> int:
        """Wait until request ``number`` is in ``phase``; return the process id of its trace process."""
        message = self.wait_for(
            lambda message: (
                message.get("method") == "phase"
                and message["params"]["id"] == number
                and message["params"]["phase"] == phase
            )
        )
        return int(message["params"]["pid"])

    def wait_for(self, wanted: Any) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while True:
            for message in self._messages:
                if wanted(message):
                    self._messages.remove(message)
                    return message
            self._receive(deadline - time.monotonic())

    def _receive(self, patience: float) -> None:
        assert self.process.stdout
        ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, patience))
        assert ready, f"no message within {PATIENCE} s; waiting: {self._messages}"
        data = os.read(self.process.stdout.fileno(), 1 << 16)
        assert data, f"the worker ended with {self.process.wait(5)}"
        for payload in self._frames.feed(data):
            message = json.loads(payload)
            if message.get("method") == "phase":
                self.traces.append(message["params"]["pid"])
            self._messages.append(message)

    def assert_good(self) -> None:
        """The next good model is traced."""
        reply = self.trace(GOOD)
        assert reply.failure is None
        assert reply.graph
        assert reply.graph.eval
        assert reply.graph.eval.names == ("input", "0", "1")

    def assert_no_scratch(self) -> None:
        """The folders for temporary files go when the processes end, which an answer does not wait for."""
        deadline = time.monotonic() + 5.0
        while left := list(self.temporary.glob("fxlens-trace-*")):
            assert time.monotonic() < deadline, left
            time.sleep(0.01)

    def assert_nothing_left(self) -> None:
        """No trace process, and nothing that one started, lives longer than five seconds."""
        groups, self.traces = set(self.traces), []
        for pid in processes_in_groups(groups):
            assert_ends(pid)


def processes_in_groups(groups: set[int]) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                state, group = fields[0], int(fields[2])
                if group in groups and state != "Z":
                    found.append(int(entry.name))
    return found


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


@contextlib.contextmanager
def start_worker(*options: str, environment: dict[str, str] | None = None) -> Iterator[Workshop]:
    # A folder for temporary files that nobody else has: what a trace leaves over can be told from other tests' files.
    temporary = tempfile.mkdtemp(prefix="fxlens-worker-test-")
    process = subprocess.Popen(
        [sys.executable, str(MAIN), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        env={**(os.environ if environment is None else environment), "TMPDIR": temporary},
    )
    worker = Workshop(process)
    worker.temporary = Path(temporary)
    try:
        worker.wait_for(lambda message: message.get("method") == "ready")
        yield worker
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        assert process.stdin
        process.stdin.close()
        try:
            process.wait(5)
        finally:
            process.kill()
            process.wait()
            assert process.stdout
            process.stdout.close()
        worker.assert_nothing_left()
