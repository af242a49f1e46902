"""From the entry point to a serving worker, or to a spare process that waits for its one request."""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import json
import os
import platform
import signal
import sys
import threading
import traceback
from typing import Any

from fxlens.collector import collector_paused
from fxlens.worker import guards
from fxlens.worker.descriptors import read_some
from fxlens.worker.messages import Environment, TraceRequest
from fxlens.worker.pipe import FrameBuffer, encode, write_all

NO_FORK = "FXLENS_NO_FORK"
"""Environment variable that forces the path without ``fork``, which Windows always takes."""


def start(requests: int, replies: int, arguments: list[str]) -> None:
    parser = argparse.ArgumentParser("fxlens worker")
    parser.add_argument("--parent", type=int, help="process id of the engine; the worker ends with it")
    parser.add_argument("--no-fork", action="store_true", help="use spare processes even where fork exists")
    parser.add_argument("--spare", action="store_true", help="wait for one request, as a trace process")
    parser.add_argument("--scratch", default="", help="folder for the temporary files of trace processes")
    options = parser.parse_args(arguments)
    guards.quieten()
    guards.die_with_parent(options.parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in a terminal is for the engine; it will tell us to stop.
    if options.spare:
        _be_spare(requests, replies)
    else:
        no_fork = options.no_fork or bool(os.environ.get(NO_FORK)) or not hasattr(os, "fork")
        _be_worker(requests, replies, no_fork, options.scratch)


def _be_worker(requests: int, replies: int, no_fork: bool, scratch_root: str) -> None:
    write_all(replies, encode({"method": "importing", "params": {"module": "torch"}}))
    with collector_paused():
        try:
            environment = _load_torch()
        except BaseException as error:  # a broken torch may raise anything, and the user must be told
            traceback.print_exc()
            message = f"torch cannot be imported in {sys.executable}: {type(error).__name__}: {error}"
            write_all(replies, encode({"method": "failed", "params": {"message": message}}))
            sys.exit(3)
        from fxlens.worker.serving import serve

        gc.freeze()  # Forked children would otherwise copy every page that the collector touches.
    serve(requests, replies, environment, no_fork, scratch_root)
    os._exit(0)  # Taking torch apart in good order takes half a second that nobody has.


def _load_torch() -> Environment:
    import torch

    from fxlens.worker import confinement, deferring, neutral
    from fxlens.worker.native_writers import neutralise_native_writers

    neutral.neutralise_torch()
    neutral.neutralise_packages()
    neutralise_native_writers()
    deferring.keep_from_compiler()
    confinement.prepare()
    # Everything a trace process needs is imported before user code can replace it.
    importlib.import_module("fxlens.worker.trace_process")
    torch.set_num_threads(1)
    return Environment(
        platform.python_version(),
        sys.executable,
        str(torch.__version__),
        _version_of("torchvision"),
        _version_of("timm"),
        os.getpid(),
        tuple(dict.fromkeys(folder for folder in sys.path if folder and os.path.isdir(folder))),  # noqa: PTH112
    )


def _version_of(package: str) -> str | None:
    from importlib import metadata

    with contextlib.suppress(metadata.PackageNotFoundError):
        return metadata.version(package)
    return None


def _be_spare(requests: int, results: int) -> None:
    _load_torch()
    from fxlens.worker.preloading import Preloader

    message = _first_message(requests)
    if message is None:
        os._exit(0)
    request = TraceRequest.from_json(message["request"])
    guards.no_core_dumps()
    guards.default_signals()
    # As a forked process finds them: imported before user code could replace what their imports need.
    Preloader(lambda _: None).preload(request)
    folder = request.folder or os.path.dirname(request.path)  # noqa: PTH120
    with contextlib.suppress(OSError):
        os.chdir(folder)
    from fxlens.worker.trace_process import run

    # The watching thread starts in `run`, confined as all others: a thread from before would not be.
    run(request, int(message["way"]), results, str(message["scratch"]), lambda: _watch_pipe(requests))


def _first_message(descriptor: int) -> dict[str, Any] | None:
    buffer = FrameBuffer()
    while data := read_some(descriptor):
        if payloads := buffer.feed(data):
            message: dict[str, Any] = json.loads(payloads[0])
            return message
    return None


def _watch_pipe(requests: int) -> None:
    threading.Thread(target=_end_with_pipe, args=(requests,), daemon=True, name="pipe watch").start()


def _end_with_pipe(descriptor: int) -> None:
    """End when the worker has, which its end of the pipe tells. User code may close ours: that tells nothing."""
    with contextlib.suppress(OSError):
        while os.read(descriptor, 1):
            pass
        os._exit(1)
