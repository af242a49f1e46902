"""Landlock: the kernel judges which paths a process may write, and its TCP connections. Linux only, by ``ctypes``.

Rights are asked for as far as the kernel's ABI knows them. Landlock binds the calling thread and what it starts, and
no other (before ABI 8): see :mod:`fxlens.worker.confinement`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
from collections.abc import Iterable

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""The numbers are the same on all architectures."""
GET_VERSION = 1
PATH_BENEATH = 1
EXECUTE, WRITE_FILE, REFER, TRUNCATE, IOCTL_DEV = (1 << bit for bit in (0, 1, 13, 14, 15))
CHANGES = sum(1 << bit for bit in range(4, 13))
"""Removing and making files, folders, links, sockets, pipes and devices."""
ALL_TCP, ALL_SCOPES = 3, 3
"""Binding and connecting; abstract UNIX sockets and signals beyond the process."""


def version(library: ctypes.CDLL) -> int:
    """The kernel's Landlock ABI; 0 where there is none."""
    return int(max(0, library.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), GET_VERSION)))


def restrict(library: ctypes.CDLL, folders: Iterable[str], files: Iterable[str], abi: int) -> None:
    """Let this thread write below ``folders`` and into ``files``, and nowhere else. ``no_new_privs`` must be set.

    Raises:
        OSError: the kernel refuses.
    """
    rights = WRITE_FILE | CHANGES | EXECUTE
    rights |= (REFER if abi >= 2 else 0) | (TRUNCATE if abi >= 3 else 0) | (IOCTL_DEV if abi >= 5 else 0)
    ruleset = struct.pack("QQQ", rights, ALL_TCP if abi >= 4 else 0, ALL_SCOPES if abi >= 6 else 0)
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    rules = _checked(library.syscall(CREATE_RULESET, ruleset, ctypes.c_size_t(size), 0))
    try:
        for folder in folders:
            _allow(library, rules, folder, rights & ~(EXECUTE | IOCTL_DEV))
        for file in files:
            _allow(library, rules, file, (WRITE_FILE | TRUNCATE | IOCTL_DEV) & rights)
        _checked(library.syscall(RESTRICT_SELF, rules, 0))
    finally:
        os.close(rules)


def _allow(library: ctypes.CDLL, rules: int, path: str, rights: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(path, getattr(os, "O_PATH", 0) | getattr(os, "O_CLOEXEC", 0))
        try:
            _checked(library.syscall(ADD_RULE, rules, PATH_BENEATH, struct.pack("<Qi", rights, descriptor), 0))
        finally:
            os.close(descriptor)


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), "landlock")
    return result
