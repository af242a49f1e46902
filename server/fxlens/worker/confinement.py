"""Confining a trace process by the kernel: what runs in it from now on can write, connect, start and signal nothing.

Landlock judges paths, a seccomp filter the rest; neither needs privileges, and neither can be taken back. macOS and
Windows offer nothing that a process can put on itself without privileges and that leaves Python running (macOS:
``sandbox_init`` is deprecated and its profiles are not documented; Windows: job objects bound processes and memory,
not files or connections). There, and on kernels without Landlock, the audit hook alone refuses.

Landlock binds the calling thread only. A process that has other threads by now, which an installed package started
when it was imported, continues in a child that has one: see :func:`continue_alone`.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import sys
from functools import cache
from typing import Any

from fxlens.worker import landlock, seccomp

OFF = "FXLENS_NO_CONFINEMENT"
"""Environment variable that leaves the audit hook alone to refuse, as where the kernel has nothing: for tests."""
SET_NO_NEW_PRIVS, GET_NO_NEW_PRIVS = 38, 39


def prepare() -> None:
    """Make in the worker what its forks need to be confined."""
    if possible():
        seccomp.program(platform.machine(), os.getpid(), judges_truncation=_landlock() >= 3)
        _library().prctl(GET_NO_NEW_PRIVS, 0, 0, 0, 0)  # What a first call makes is made here, and not in every fork.


def possible() -> bool:
    """Whether the kernel can confine a process."""
    return _landlock() > 0


@cache
def _landlock() -> int:
    """The kernel's version of it; 0 where it cannot confine a process. Asked once: forks find the answer."""
    if platform.system() != "Linux" or os.environ.get(OFF) or not seccomp.available():
        return 0
    return landlock.version(_library())


def confine(scratch: str) -> bool:
    """Confine this process, which has one thread; what it may write is ``scratch``. Whether that was possible."""
    if not possible():
        return False
    library = _library()
    os.makedirs(scratch, 0o700, exist_ok=True)  # noqa: PTH103  (Plain functions: a fork pays for each page it touches.)
    try:
        if library.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0):
            return False
        abi = _landlock()
        landlock.restrict(library, [scratch], [os.devnull], abi)
        seccomp.filter_calls(library, judges_truncation=abi >= 3)
    except OSError as error:
        print(f"this process is not confined by the kernel: {error}", file=sys.stderr)
        return False
    return True


def continue_alone() -> None:
    """Return in a process of one thread: this one, or a child of it if it has others. The parent passes the end on."""
    if platform.system() != "Linux" or len(os.listdir("/proc/self/task")) == 1:  # noqa: PTH208
        return
    parent = os.getpid()
    system: Any = os  # Windows has no fork, and comes no further than the line above.
    child: int = system.fork()
    if child == 0:
        from fxlens.worker import guards

        guards.die_with_parent(parent)
        return
    for number in (signal.SIGABRT, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    for descriptor in os.listdir("/proc/self/fd"):  # noqa: PTH208  (Their ends must be seen when the child ends.)
        _close(int(descriptor))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code < 0:
        if -code in (signal.SIGABRT, signal.SIGTERM, signal.SIGINT):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code if code >= 0 else 1)


def _close(descriptor: int) -> None:
    try:
        os.close(descriptor)
    except OSError:
        return  # It was that of the listing.


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
