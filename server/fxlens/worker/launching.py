"""What the worker needs of a trace process, and of what starts one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Protocol

from fxlens.worker.messages import TraceRequest


class TraceProcess(Protocol):
    """A running trace process. The worker reads ``results`` and ``output`` and closes them."""

    pid: int
    results: int
    output: int
    scratch: str

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


def new_scratch(root: str) -> str:
    """Name of a folder for the temporary files of one trace process, which makes it; ``root`` is the worker's."""
    return str(Path(root or tempfile.gettempdir()) / f"fxlens-trace-{os.urandom(6).hex()}")
