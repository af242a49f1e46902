"""Trace processes forked from the worker: torch is there already, and a crash costs nothing. POSIX only."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from fxlens.worker import guards
from fxlens.worker.audit import remove_scratch
from fxlens.worker.failures import BROKEN
from fxlens.worker.launching import TraceProcess, new_scratch
from fxlens.worker.messages import TraceRequest

# Read by the type checker, too: it leaves the rest out when it checks for Windows.
assert sys.platform != "win32"


_exit = os._exit  # User code may replace it, and its process must not go on as a second worker.


class ForkedProcess:
    def __init__(self, pid: int, results: int, output: int, scratch: str) -> None:
        self.pid = pid
        self.results = results
        self.output = output
        self.scratch = scratch
        self._exit_code: int | None = None

    def abort(self) -> bool:
        return self._signal(signal.SIGABRT)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        if self._exit_code is None:
            _, status = os.waitpid(self.pid, 0)
            self._exit_code = os.waitstatus_to_exitcode(status)
        remove_scratch(self.scratch)

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

    def __init__(self, scratch_root: str) -> None:
        self._scratch_root = scratch_root

    def launch(self, request: TraceRequest, way: int, close: list[int]) -> TraceProcess:
        results, results_end = os.pipe()
        output, output_end = os.pipe()
        scratch = new_scratch(self._scratch_root)
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
            _exit(BROKEN)

    def stop(self) -> None:
        """Nothing is started ahead."""


def _own_group(pid: int) -> None:
    """A separate process group, so that everything it starts can be ended with it. Both sides do it: no race."""
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
