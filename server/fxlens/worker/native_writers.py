"""What torch does in native code where no audit event tells: refused, or left out where programs do it by the way.

Where the kernel confines the process, it would refuse them as well, with the words of C++.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Callable
from typing import Any

import torch

from fxlens.worker.audit_events import CONNECTED, INTERPRETER
from fxlens.worker.failures import RefusedError, blocked


def neutralise_native_writers() -> None:
    """Called once in the worker, before user code could hold the functions."""
    torch.serialization.save = _nothing
    for name in ("ScriptModule", "RecursiveScriptModule", "ScriptFunction"):
        for module in (torch.jit, torch._C):  # noqa: SLF001
            for method in ("save", "_save_for_lite_interpreter"):
                if hasattr(getattr(module, name, None), method):
                    setattr(getattr(module, name), method, _nothing)
    scripts: Any = torch.jit
    scripts.save_jit_module_to_flatbuffer = _nothing
    for name in ("save", "_save_for_mobile"):
        setattr(torch._C.ScriptModule, name, _nothing)  # noqa: SLF001
    for name in ("share_memory_", "_share_memory_"):
        for kind in (torch.Tensor, torch.UntypedStorage, torch.TypedStorage):
            if hasattr(kind, name):
                setattr(kind, name, _same)
    torch.from_file = _refuse_shared(torch.from_file)
    torch.UntypedStorage.from_file = _refuse_shared(torch.UntypedStorage.from_file)  # type: ignore[method-assign]
    torch._C.PyTorchFileWriter = _refuse_paths(torch._C.PyTorchFileWriter)  # type: ignore[misc]  # noqa: SLF001
    with contextlib.suppress(AttributeError):
        torch.autograd.profiler.profile.export_chrome_trace = _nothing  # type: ignore[method-assign]
        torch.profiler.profile.export_chrome_trace = _nothing  # type: ignore[method-assign]
    for module in filter(None, map(sys.modules.get, ("torch._C._profiler", "torch.profiler.profiler"))):
        if hasattr(module, "_add_execution_trace_observer"):
            setattr(module, "_add_execution_trace_observer", _nothing)  # noqa: B010
    native: Any = torch._C  # noqa: SLF001
    with contextlib.suppress(AttributeError):
        native._autograd._ProfilerResult.save = _nothing  # noqa: SLF001
    with contextlib.suppress(AttributeError):
        native.ThroughputBenchmark.benchmark = _refuse_profile(native.ThroughputBenchmark.benchmark)
    _refuse_events_that_are_missing()


def refuse_safetensors(module: Any) -> None:
    """``safetensors``: its files are written by Rust."""
    module.serialize_file = _refuse_second_path(module.serialize_file)


def announce_history(module: Any) -> None:
    """``readline``: what was typed is written by its own library."""
    for name in ("write_history_file", "append_history_file"):
        if hasattr(module, name):
            setattr(module, name, _announce_history(getattr(module, name), name.startswith("append")))


def announce_interpreters(module: Any) -> None:
    """A second interpreter in the process has no audit hook."""
    module.create = _announce(module.create, INTERPRETER)


def announce_connections(module: Any) -> None:
    """``sqlite3``: SQL names other files, and what judges them is set on a connection that is ready."""
    original = module.connect

    def connect(*args: Any, **kwargs: Any) -> Any:
        connection = original(*args, **kwargs)
        sys.audit(CONNECTED, connection)
        return connection

    module.connect = connect


def _nothing(*_: Any, **__: Any) -> None:
    return None


def _same(self: Any, *_: Any, **__: Any) -> Any:
    return self


def _refuse_shared(original: Callable[..., Any]) -> Callable[..., Any]:
    """A file that is mapped shared is made, and written by whoever writes the tensor."""

    def from_file(filename: str, shared: bool | None = None, *args: Any, **kwargs: Any) -> Any:
        if shared:
            raise RefusedError(blocked(f"write to {os.fspath(filename)}"))
        return original(filename, shared, *args, **kwargs)

    return from_file


def _refuse_paths(original: Any) -> Any:
    def writer(target: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(target, (str, os.PathLike)):
            raise RefusedError(blocked(f"write to {os.fspath(target)}"))
        return original(target, *args, **kwargs)

    return writer


def _refuse_profile(original: Any) -> Any:
    """``ThroughputBenchmark``: how it went may be written to a file, from a thread that no exception ends."""

    def benchmark(self: Any, config: Any) -> Any:
        if config.profiler_output_path:
            raise RefusedError(blocked(f"write to {config.profiler_output_path}"))
        return original(self, config)

    return benchmark


def _announce_history(original: Any, appends: bool) -> Any:
    def write_history(*args: Any) -> None:
        path = args[1 if appends else 0 :][:1]
        sys.audit("open", os.fspath(path[0]) if path and path[0] else "~/.history", "w", os.O_WRONLY)
        original(*args)

    return write_history


def _refuse_second_path(original: Any) -> Any:
    def serialize_file(content: Any, filename: Any, *args: Any, **kwargs: Any) -> Any:
        sys.audit("open", os.fspath(filename), "w", os.O_WRONLY)
        return original(content, filename, *args, **kwargs)

    return serialize_file


def _refuse_events_that_are_missing() -> None:
    """Functions of the standard library that tell the audit hook nothing, or not all: they tell it here."""
    for name in ("mkfifo", "mknod"):
        for module in _modules_with(name):
            setattr(module, name, _announce(getattr(module, name), f"os.{name}"))
    for module in _modules_with("open"):
        module.open = _judge_folder(module.open)
    with contextlib.suppress(ImportError):
        subprocesses: Any = importlib.import_module("_posixsubprocess")
        subprocesses.fork_exec = _announce(subprocesses.fork_exec, "subprocess.Popen")
    with contextlib.suppress(ImportError):
        import signal

        if hasattr(signal, "pidfd_send_signal"):
            signal.pidfd_send_signal = _announce(signal.pidfd_send_signal, "signal.pidfd_send_signal")
    for name in ("setpriority", "sched_setaffinity", "sched_setscheduler", "sched_setparam"):
        for module in _modules_with(name):
            setattr(module, name, _announce_others(getattr(module, name), f"os.{name}"))
    with contextlib.suppress(ImportError, AttributeError):
        semaphores: Any = importlib.import_module("_multiprocessing")
        semaphores.SemLock = _named_semaphore(semaphores.SemLock)
    with contextlib.suppress(ImportError):
        posixshmem: Any = importlib.import_module("_posixshmem")
        posixshmem.shm_open = _announce_path(posixshmem.shm_open)


def _modules_with(name: str) -> list[Any]:
    return [module for module in (os, sys.modules.get("posix")) if module is not None and hasattr(module, name)]


def _announce(original: Callable[..., Any], event: str) -> Callable[..., Any]:
    def function(*args: Any, **kwargs: Any) -> Any:
        folder = kwargs.get("dir_fd")
        sys.audit(event, args[0] if args else kwargs.get("path"), -1 if folder is None else folder)
        return original(*args, **kwargs)

    return function


def _announce_others(original: Callable[..., Any], event: str) -> Callable[..., Any]:
    """Tell of a call that is about another process; its number is the first argument but for ``setpriority``."""
    at = 1 if event.endswith("setpriority") else 0

    def function(*args: Any) -> Any:
        if len(args) > at and args[at] not in (0, os.getpid()):
            sys.audit(event, *args)
        return original(*args)

    return function


def _named_semaphore(original: Any) -> Any:
    """A semaphore of ``multiprocessing`` has a name in shared memory, and stays there if its process is not forked."""

    class SemLock:
        SEM_VALUE_MAX = original.SEM_VALUE_MAX
        _rebuild = original._rebuild  # noqa: SLF001

        def __new__(cls, kind: int, value: int, most: int, name: str, unlink: bool) -> Any:
            sys.audit("open", f"/dev/shm{name}", None, os.O_CREAT | os.O_RDWR)
            return original(kind, value, most, name, unlink)

    return SemLock


def _announce_path(original: Callable[..., Any]) -> Callable[..., Any]:
    def shm_open(path: str, flags: int, *args: Any, **kwargs: Any) -> Any:
        sys.audit("open", f"/dev/shm{path}", None, flags)
        return original(path, flags, *args, **kwargs)

    return shm_open


def _judge_folder(original: Callable[..., int]) -> Callable[..., int]:
    """``os.open`` tells the hook a path without the folder that it is relative to."""

    def open_file(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if dir_fd is None:
            return original(path, flags, mode)
        sys.audit("open", os.path.join(f"/proc/self/fd/{dir_fd}", os.fsdecode(path)), None, flags)  # noqa: PTH118
        return original(path, flags, mode, dir_fd=dir_fd)

    return open_file
