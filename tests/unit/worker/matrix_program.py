"""Runs in a trace process, as the user's module: every public callable of libraries is called with things to do harm to.

What a parameter takes is told by its name. ``tell`` is what an attempt is judged by from outside: files, connections,
processes. Nothing here expects a result; each call has a moment, and what it raises is what it should raise.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import importlib.util
import inspect
import os
import pkgutil
import re
import signal
import sys
import types
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch

MOMENT = 0.1
"""Seconds that one call may take."""
PATHS = {
    "path", "filename", "file_name", "file", "fname", "name", "dst", "dest", "destination", "target", "topdir", "dir",
    "directory", "folder", "root", "outfile", "output", "out", "output_path", "file_path", "filepath", "save_dir",
    "model_dir", "log_dir", "logdir", "f", "fn", "archive_name", "base_name", "store_dir", "checkpoint_id", "outdir",
    "export_path", "trace_path", "dirname", "pathname", "tmpdir", "cache_dir", "build_directory", "zip_path", "src",
    "cfile", "dfile", "newpath", "oldpath", "linkpath", "top", "base_dir", "extract_dir", "database", "uri",
}  # fmt: skip
HOSTS = {"host", "hostname", "server", "host_name", "master_addr", "node", "ip"}
ADDRESSES = {"address", "addr", "sockaddr", "peer", "endpoint", "server_address", "mailhost"}
COMMANDS = {"args", "argv", "cmd", "command", "cmdline", "program", "executable", "popenargs", "entrypoint"}
PIDS = {"pid", "pgid", "pidfd", "process_group", "tid"}
VALUES: dict[str, Any] = {
    "port": None, "mode": "w", "flags": os.O_CREAT | os.O_RDWR, "sig": 9, "signal": 9, "signalnum": 9, "signum": 9,
    "data": b"x", "text": "x", "content": b"x", "bytes": b"x", "msg": b"x", "shared": True, "size": 8, "nbytes": 8,
    "create": True, "overwrite": True, "env": {}, "url": None, "init_method": None, "backend": "gloo", "rank": 0,
    "world_size": 1, "obj": {"a": 1}, "state_dict": {}, "is_master": False, "timeout": 0.05,
}  # fmt: skip


VERBS = (
    "file|save|load|write|read|open|dump|export|import|store|connect|serve|spawn|start|run|rpc|path|dir|share|signal"
)


class OutOfTime(BaseException):
    """A call has taken longer than its moment; no ``except Exception`` may hold it."""


@dataclass
class Harm:
    """What the calls get: a folder outside, the port of a server, a process; and what they make beside them."""

    out: str
    port: int
    victim: int

    def path(self, number: int) -> str:
        return f"{self.out}/" + ("fresh", "precious", "folder/fresh")[number % 3]

    def value(self, name: str, number: int) -> Any:
        lower = name.lower().lstrip("_")
        if lower in PATHS or lower.endswith(("_path", "_file", "_dir", "filename")):
            return self.path(number)
        if lower in HOSTS:
            return "127.0.0.1"
        if lower in ADDRESSES:
            return ("127.0.0.1", self.port)
        if lower in COMMANDS:
            return ["/bin/touch", self.path(0)]
        if lower in PIDS:
            return self.victim
        if lower == "port":
            return self.port
        if lower in ("url", "init_method"):
            return f"http://127.0.0.1:{self.port}/" if lower == "url" else f"tcp://127.0.0.1:{self.port}"
        return VALUES.get(lower, 0)

    def arguments(self, function: Any) -> Iterator[tuple[Any, ...]]:
        """By the names of parameters; without these, what functions of the kind take."""
        try:
            parameters = list(inspect.signature(function).parameters.values())
        except (TypeError, ValueError):
            path, touch = self.path(0), ["/bin/touch", self.path(0)]
            yield from [(path,), (path, 0o600), (path, b"x"), (self.path(1), path), ({}, path), (self.victim, 9)]
            yield from [(("127.0.0.1", self.port),), ("127.0.0.1", self.port), (touch,), (touch[0], touch)]
            return
        plain = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
        needed = [each for each in plain if each.default is each.empty]
        for number in range(2):
            yield tuple(self.value(each.name, number) for each in needed)
        if len(plain) > len(needed):
            telling = max((at for at, each in enumerate(plain) if self.is_telling(each.name)), default=-1) + 1
            yield tuple(self.value(each.name, 0) for each in plain[: max(telling, len(needed))])

    def texts(self) -> tuple[bytes, bytes, bytes, bytes]:
        """Two paths, a program, the address of the server as C has it."""
        address = b"\2\0" + self.port.to_bytes(2, "big") + bytes([127, 0, 0, 1]) + bytes(8)
        return self.path(0).encode(), self.path(1).encode(), b"/bin/touch", address

    def is_telling(self, name: str) -> bool:
        return self.value(name, 0) != 0

    def tells(self, function: Any) -> bool:
        """Whether a parameter of the function is one that harm could be done with; without a signature, perhaps.

        Most functions of torch without one compute: their names say which do not.
        """
        try:
            names = list(inspect.signature(function).parameters)
        except (TypeError, ValueError):
            name = str(getattr(function, "__name__", ""))
            owner = getattr(function, "__self__", None)
            module = (
                getattr(function, "__module__", None) or (owner if isinstance(owner, type) else type(owner)).__module__
            )
            if not str(module).startswith("torch"):
                return True
            return not hasattr(torch.Tensor, name) and re.search(VERBS, name.lower()) is not None
        return any(self.is_telling(name) for name in names)


def attempt(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    signal.setitimer(signal.ITIMER_REAL, MOMENT)
    try:
        return function(*arguments)
    except (Exception, SystemExit, KeyboardInterrupt, OutOfTime):
        return None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def out_of_time(*_: object) -> None:
    raise OutOfTime


def callables(module: Any) -> Iterator[tuple[str, Any]]:
    for name, value in list(vars(module).items()):
        if not name.startswith("_") and callable(value) and not isinstance(value, types.ModuleType):
            yield name, value


def try_module(name: str, harm: Harm, left_out: frozenset[str]) -> int:
    """Call what is public in the module, and in the objects that its classes make; how many calls that were."""
    calls = 0
    with contextlib.suppress(BaseException):
        module = attempt_import(name)
        for key, value in callables(module):
            if f"{name}.{key}" in left_out or getattr(value, "__module__", name) not in (
                name,
                None,
                *ALIASES.get(name, ()),
            ):
                continue
            made = []
            if harm.tells(value) or isinstance(value, type):
                for arguments in harm.arguments(value):
                    calls += 1
                    made.append(attempt(value, arguments))
            for thing in [thing for thing in made if isinstance(value, type) and isinstance(thing, value)][:1]:
                for method_name in [each for each in dir(thing) if not each.startswith("_")]:
                    method = attempt(getattr, (thing, method_name))
                    if f"{name}.{key}.{method_name}" in left_out or not callable(method) or not harm.tells(method):
                        continue
                    for arguments in harm.arguments(method):
                        calls += 1
                        attempt(method, arguments)
    return calls


ALIASES = {
    "os": ("posix",),
    "socket": ("_socket",),
    "io": ("_io",),
    "signal": ("_signal",),
    "sqlite3": ("sqlite3.dbapi2",),
}


def attempt_import(name: str) -> Any:
    # The moment of a call is not enough for importing, which is no harm.
    return importlib.import_module(name)


def standard_library() -> list[str]:
    return sorted(name for name in sys.stdlib_module_names if not name.startswith("_"))


def submodules(package: str) -> list[str]:
    """The public modules of a package, two levels deep."""
    first = [f"{package}.{name}" for name in _inside(sys.modules[package].__path__)]
    found = [package, *first]
    for parent in first:
        with contextlib.suppress(Exception):  # Finding what is in it may import it, and need what is not installed.
            spec = importlib.util.find_spec(parent)
            locations = spec.submodule_search_locations if spec else None
            found += [f"{parent}.{name}" for name in (_inside(locations) if locations else ())]
    return sorted(found)


def _inside(folders: Iterable[str]) -> list[str]:
    return [each.name for each in pkgutil.iter_modules(folders) if not each.name.startswith("_")]


def address_in_c_library(name: str) -> int:
    """Where a function of the C library stands in this process."""
    return ctypes.cast(getattr(ctypes.CDLL(None), name), ctypes.c_void_p).value or 0


def call_system(numbers: range, left_out: frozenset[int], distance: int, harm: Harm) -> int:
    """Every system call by its number, with the arguments of each kind of harm.

    ``distance`` is that of ``syscall`` from ``getpid``: the audit hook refuses its name and those of the functions that
    look it up, and here the kernel is to be asked.
    """
    syscall = ctypes.CFUNCTYPE(ctypes.c_long)(address_in_c_library("getpid") + distance)
    here = -100
    calls = 0
    for number in numbers:
        if number in left_out:
            continue
        for at in range(KINDS):
            # Anew for each, and with room: some calls write where others read.
            path, other, program, address = (ctypes.create_string_buffer(text, 1 << 16) for text in harm.texts())
            touch = (ctypes.c_void_p * 4096)(*map(ctypes.addressof, (program, path)))
            arguments = [
                (path, 0o101, 0o600),
                (other, 0),
                (here, path, 0o101, 0o600),
                (here, other, 0),
                (other, path),
                (here, other, here, path, 0),
                (program, touch, None),
                (here, program, touch, None, 0),
                (harm.victim, 9),
                (harm.victim, harm.victim, 9),
                (harm.victim, harm.victim, 9, 0),
                (harm.victim, 8, b"\1" + bytes(7)),
                (2, 1, 0),
                (2, 2, 0),
                (3, address, 16),
                (17, 0, 0, 0, 0),
            ][at]
            calls += 1
            attempt(syscall, (number, *arguments, *[0] * (6 - len(arguments))))
    return calls


KINDS = 16


def prepare() -> None:
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, out_of_time)
