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

from fxlens.worker.failures import RefusedError, blocked


def neutralise_native_writers() -> None:
    """Called once in the worker, before user code could hold the functions."""
    torch.serialization.save = _nothing
    for name in ("ScriptModule", "RecursiveScriptModule", "ScriptFunction"):
        for module in (torch.jit, torch._C):  # noqa: SLF001
            if hasattr(getattr(module, name, None), "save"):
                setattr(getattr(module, name), "save", _nothing)  # noqa: B010
    torch.from_file = _refuse_shared(torch.from_file)
    torch.UntypedStorage.from_file = _refuse_shared(torch.UntypedStorage.from_file)  # type: ignore[method-assign]
    torch._C.PyTorchFileWriter = _refuse_paths(torch._C.PyTorchFileWriter)  # type: ignore[misc]  # noqa: SLF001
    with contextlib.suppress(AttributeError):
        torch.autograd.profiler.profile.export_chrome_trace = _nothing  # type: ignore[method-assign]
        torch.profiler.profile.export_chrome_trace = _nothing  # type: ignore[method-assign]
    _refuse_events_that_are_missing()


def _nothing(*_: Any, **__: Any) -> None:
    return None


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
