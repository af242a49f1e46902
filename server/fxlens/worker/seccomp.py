"""A seccomp filter for system calls that Landlock does not judge. Linux only, without privileges, by ``ctypes``.

The filter is a program for the kernel's classic BPF machine: it loads the number of a call, then perhaps an argument,
compares, and returns what is to happen. It is built from the tables of :mod:`fxlens.worker.syscalls`.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from functools import cache

from fxlens.worker import syscalls

ALLOW, ERRNO = 0x7FFF0000, 0x00050000
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN, JUMP = 0x20, 0x15, 0x35, 0x45, 0x06, 0x05
GROUP = 12
"""How many calls are checked one by one."""
ARCHITECTURES = {"x86_64": (syscalls.X86_64, 0xC000003E), "aarch64": (syscalls.AARCH64, 0xC00000B7)}
"""By ``platform.machine()``: the column of the numbers, and ``AUDIT_ARCH_…`` of the kernel's ``audit.h``."""
CLONE_THREAD = 0x10000
X32 = 0x40000000
"""Added to the number of a call of the x32 ABI, which no Python uses."""
AF_UNIX = 1
SET_FILTER, ALL_THREADS = 1, 1
_WRITING = getattr(os, "O_ACCMODE", 3)
SECCOMP = {"x86_64": 317, "aarch64": 277}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


class _Assembler:
    """Instructions of the filter; ``column`` is the architecture's in the tables."""

    def __init__(self, column: int) -> None:
        self._column = column
        self._calls: dict[int, list[bytes]] = {}

    def call(self, name: str, body: list[tuple[int, int, int, int]]) -> None:
        """``body`` runs for the call ``name`` and must return; for others the next check follows."""
        number = syscalls.NUMBERS[name][self._column]
        if number is not None:
            self._calls[number] = [_instruction(*each) for each in [(EQUAL, number, 0, len(body)), *body]]

    def answer(self, name: str, error: int) -> None:
        self.call(name, [(RETURN, ERRNO | error, 0, 0)])

    def code(self) -> list[bytes]:
        """The checks of all calls, in groups by their numbers: the kernel runs them for every number there is.

        One row of checks took 0.4 ms of every trace.
        """
        code: list[bytes] = []
        numbers = sorted(self._calls)
        for start in range(0, len(numbers), GROUP):
            group = numbers[start : start + GROUP]
            checks = [instruction for number in group for instruction in self._calls[number]]
            code += [_instruction(AT_LEAST, group[-1] + 1, 0, 1), _instruction(JUMP, len(checks) + 1)]
            code += [*checks, _instruction(RETURN, ALLOW)]
        return [*code, _instruction(RETURN, ALLOW)]


def _instruction(operation: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", operation, if_true, if_false, value & 0xFFFFFFFF)


def _argument(position: int, *, high: bool = False) -> tuple[int, int, int, int]:
    """Load the lower (or upper) half of an argument; both architectures are little-endian."""
    return LOAD, 16 + 8 * position + 4 * high, 0, 0


_ANY_PID = 0x5EED1D00
"""Stands for the process in a filter that is made before there is one; no process has such a number."""


def program(machine: str, pid: int, *, judges_truncation: bool = True) -> bytes:
    """The filter for the process ``pid``; ``judges_truncation``: Landlock does (from its ABI 3)."""
    return _template(machine, judges_truncation).replace(struct.pack("I", _ANY_PID), struct.pack("I", pid))


@cache
def _template(machine: str, judges_truncation: bool) -> bytes:
    """The filter for any process. Made in the worker, so that its forks need not make it."""
    pid = _ANY_PID
    column, architecture = ARCHITECTURES[machine]
    refuse, allow = (RETURN, ERRNO | errno.EACCES, 0, 0), (RETURN, ALLOW, 0, 0)
    build = _Assembler(column)
    start = (
        _instruction(LOAD, 4),
        _instruction(EQUAL, architecture, 1, 0),
        _instruction(RETURN, ERRNO | errno.ENOSYS),
        _instruction(LOAD, 0),
        _instruction(AT_LEAST, X32, 0, 1),
        _instruction(RETURN, ERRNO | errno.ENOSYS),
    )
    for name in syscalls.REFUSED:
        build.call(name, [refuse])
    for name in syscalls.WITHOUT_EFFECT:
        build.answer(name, 0)
    for name in syscalls.UNSUPPORTED:
        build.answer(name, errno.ENOTSUP)
    build.answer("clone3", errno.ENOSYS)  # As on an older kernel: the C library uses clone, whose flags can be read.
    build.call("clone", [_argument(0), (ANY_BIT, CLONE_THREAD, 0, 1), allow, refuse])
    build.call("socketpair", [_argument(0), (EQUAL, AF_UNIX, 0, 1), allow, refuse])
    # To an address; without one it is how the two ends of a socketpair talk.
    build.call("sendto", [_argument(4), (EQUAL, 0, 0, 3), _argument(4, high=True), (EQUAL, 0, 0, 1), allow, refuse])
    for name, position in syscalls.ONLY_OWN_PROCESS.items():
        build.call(name, [_argument(position), (EQUAL, pid, 0, 1), allow, refuse])
    for name, position in syscalls.ONLY_OWN_OR_ZERO.items():
        build.call(name, [_argument(position), (EQUAL, pid, 1, 0), (EQUAL, 0, 0, 1), allow, refuse])
    for name, (position, values) in syscalls.REFUSED_VALUES.items():
        tests = [(EQUAL, value, len(values) - at, 0) for at, value in enumerate(values)]
        build.call(name, [_argument(position), *tests, allow, refuse])
    if not judges_truncation:
        build.answer("truncate", errno.EACCES)
        build.answer("openat2", errno.ENOSYS)  # Its flags are in memory, where a filter cannot look.
        for name, position in (("open", 1), ("openat", 2)):
            # Truncating what is opened for reading only; opening for writing is judged by the path.
            tests = [(ANY_BIT, os.O_TRUNC, 0, 1), (ANY_BIT, _WRITING, 0, 1), allow, refuse]
            build.call(name, [_argument(position), *tests])
    return b"".join([*start, *build.code()])


def available() -> bool:
    return platform.machine() in ARCHITECTURES


def filter_calls(library: ctypes.CDLL, *, judges_truncation: bool) -> None:
    """Filter the system calls of this process from now on, those of all its threads. ``no_new_privs`` must be set.

    Raises:
        OSError: the kernel does not have seccomp, or one of the threads has its own filter.
    """
    machine = platform.machine()
    code = program(machine, os.getpid(), judges_truncation=judges_truncation)
    buffer = ctypes.create_string_buffer(code, len(code))
    filters = _Program(len(code) // 8, ctypes.addressof(buffer))
    result = library.syscall(SECCOMP[machine], SET_FILTER, ALL_THREADS, ctypes.byref(filters))
    if result:
        raise OSError(ctypes.get_errno() if result < 0 else errno.EBUSY, "seccomp")
