"""Starting trace processes: by forking the worker, or by handing the request to a spare process started ahead."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Protocol

from fxlens.worker import guards
from fxlens.worker.audit import remove_scratch
from fxlens.worker.messages import TraceRequest
from fxlens.worker.pipe import write_all

MAIN = Path(__file__).with_name("main.py")


class TraceProcess(Protocol):
    """A running trace process. The worker reads ``results`` and ``output`` and closes them."""

    pid: int
    results: int
    output: int

    def abort(self) -> bool:
        """Ask it to say where it is and end; false where that is not possible."""

    def kill(self) -> None:
        """End it and whatever it started, for certain."""

    def poll(self) -> int | None:
        """Its exit code if it has ended, negative for a signal."""


class Launcher(Protocol):
    def launch(self, request: TraceRequest, way: int, close: list[int]) -> TraceProcess:
        """Start a trace process; ``close`` are descriptors of the worker that it must not hold."""

    def stop(self) -> None:
        """End what was started ahead."""


def new_scratch() -> str:
    """Name of a folder for the temporary files of one trace process; made only if it is needed."""
    return str(Path(tempfile.gettempdir()) / f"fxlens-trace-{os.urandom(6).hex()}")


class ForkedProcess:
    def __init__(self, pid: int, results: int, output: int, scratch: str) -> None:
        self.pid = pid
        self.results = results
        self.output = output
        self._scratch = scratch
        self._exit_code: int | None = None

    def abort(self) -> bool:
        return self._signal(signal.SIGABRT)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        if self._exit_code is None:
            _, status = os.waitpid(self.pid, 0)
            self._exit_code = os.waitstatus_to_exitcode(status)
        remove_scratch(self._scratch)

    def _signal(self, number: int) -> bool:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return False
        return True

    def poll(self) -> int | None:
        if self._exit_code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._exit_code = os.waitstatus_to_exitcode(status)
        return self._exit_code


class ForkLauncher:
    """Forks: torch is already there, user modules are always fresh, a crash costs nothing."""

    def launch(self, request: TraceRequest, way: int, close: list[int]) -> TraceProcess:
        results, results_end = os.pipe()
        output, output_end = os.pipe()
        scratch = new_scratch()
        worker = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._in_child(request, way, worker, results_end, output_end, scratch, [*close, results, output])
        _own_group(pid)
        os.close(results_end)
        os.close(output_end)
        return ForkedProcess(pid, results, output, scratch)

    @staticmethod
    def _in_child(
        request: TraceRequest, way: int, worker: int, results: int, output: int, scratch: str, close: list[int]
    ) -> None:
        try:
            _own_group(0)
            guards.die_with_parent(worker)
            guards.no_core_dumps()
            for descriptor in close:
                os.close(descriptor)
            guards.redirect_output(output)
            os.close(output)
            guards.default_signals()
            _work_in(request)
            from fxlens.worker.trace_process import run

            run(request, way, results, scratch)
        finally:
            os._exit(70)

    def stop(self) -> None:
        """Nothing is started ahead."""


def _own_group(pid: int) -> None:
    """A process group of its own, so that everything it starts can be ended with it. Both sides do it: no race."""
    try:
        os.setpgid(pid, 0 if pid == 0 else pid)
    except OSError as error:
        # The other side was quicker, or the process has ended already.
        if pid == 0:
            raise RuntimeError("no process group of its own") from error


def _work_in(request: TraceRequest) -> None:
    folder = request.folder or str(Path(request.path).parent)
    if Path(folder).is_dir():
        os.chdir(folder)


class SpareProcess:
    """A process of ours that waits for its one request with torch already imported."""

    def __init__(self) -> None:
        self._scratch = new_scratch()
        self._process = subprocess.Popen(
            [sys.executable, str(MAIN), "--spare", "--parent", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=os.name == "posix",
        )
        assert self._process.stdout
        assert self._process.stderr
        self.pid = self._process.pid
        self.results = os.dup(self._process.stdout.fileno())
        self.output = os.dup(self._process.stderr.fileno())
        self._process.stdout.close()
        self._process.stderr.close()

    def give(self, request: TraceRequest, way: int) -> None:
        """Hand over the request; the pipe stays open, its end tells the process that we are gone."""
        assert self._process.stdin
        message = {"request": request.to_json(), "way": way, "scratch": self._scratch}
        write_all(self._process.stdin.fileno(), json.dumps(message).encode() + b"\n")

    def abort(self) -> bool:
        if os.name != "posix" or self._process.poll() is not None:
            return False
        os.killpg(self.pid, signal.SIGABRT)
        return True

    def kill(self) -> None:
        if os.name == "posix":
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                self._process.poll()  # It has ended, and nothing of its group is left.
        else:
            self._process.kill()
        self._process.wait()
        assert self._process.stdin
        self._process.stdin.close()
        remove_scratch(self._scratch)

    def poll(self) -> int | None:
        return self._process.poll()

    def discard(self) -> None:
        """End it unused."""
        self.kill()
        os.close(self.results)
        os.close(self.output)


class SpareLauncher:
    """For systems without ``fork``: one process is started ahead, and the next as soon as it is taken."""

    def __init__(self) -> None:
        self._spare = SpareProcess()

    def launch(self, request: TraceRequest, way: int, close: list[int]) -> TraceProcess:
        del close  # A spare process inherits nothing.
        taken = self._spare
        self._spare = SpareProcess()
        if taken.poll() is not None:
            taken.discard()
            taken, self._spare = self._spare, SpareProcess()
        with contextlib.suppress(BrokenPipeError):  # It died this moment: its exit code will tell the story.
            taken.give(request, way)
        return taken

    def stop(self) -> None:
        self._spare.discard()


def make_launcher(no_fork: bool) -> Launcher:
    return SpareLauncher() if no_fork else ForkLauncher()
