"""Trace processes started ahead, for systems without ``fork``: each waits, torch imported, for its one request."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from fxlens.worker.audit import remove_scratch
from fxlens.worker.launching import TraceProcess, new_scratch
from fxlens.worker.messages import TraceRequest
from fxlens.worker.pipe import frame, to_text, write_all

MAIN = Path(__file__).with_name("main.py")


class SpareProcess:
    """A process of ours that waits for its one request with torch already imported."""

    def __init__(self, scratch_root: str) -> None:
        self.scratch = new_scratch(scratch_root)
        self._process = subprocess.Popen(
            [sys.executable, str(MAIN), "--spare", "--parent", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=sys.platform != "win32",
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
        message = {"request": request.to_json(), "way": way, "scratch": self.scratch}
        write_all(self._process.stdin.fileno(), frame(to_text(message).encode()))

    def abort(self) -> bool:
        if sys.platform != "win32" and self._process.poll() is None:
            os.killpg(self.pid, signal.SIGABRT)
            return True
        return False

    def kill(self) -> None:
        if sys.platform != "win32":
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                self._process.poll()  # It has ended, and nothing of its group is left.
        else:
            self._process.kill()
        self._process.wait()
        assert self._process.stdin
        self._process.stdin.close()
        remove_scratch(self.scratch)

    def poll(self) -> int | None:
        return self._process.poll()

    def discard(self) -> None:
        """End it unused."""
        self.kill()
        os.close(self.results)
        os.close(self.output)


class SpareLauncher:
    """For systems without ``fork``: one process is started ahead, and the next as soon as it is taken."""

    def __init__(self, scratch_root: str) -> None:
        self._scratch_root = scratch_root
        self._spare = SpareProcess(scratch_root)

    def launch(self, request: TraceRequest, way: int, close: list[int]) -> TraceProcess:
        del close  # A spare process inherits nothing.
        taken = self._spare
        self._spare = SpareProcess(self._scratch_root)
        if taken.poll() is not None:
            taken.discard()
            taken, self._spare = self._spare, SpareProcess(self._scratch_root)
        with contextlib.suppress(BrokenPipeError):  # It died this moment: its exit code will tell the story.
            taken.give(request, way)
        return taken

    def stop(self) -> None:
        self._spare.discard()
