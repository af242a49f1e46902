"""What a trace process holds: memory of its own, memory behind files without a name, and temporary files."""

from __future__ import annotations

import os
import platform
import stat
from pathlib import Path

MOST_FILES = 10_000
"""How many temporary files are added up; a process that makes more is seen by the others' size."""


def resident_mb(pid: int) -> float:
    """Memory that the process holds in RAM, in MB; 0 where the system does not tell.

    Private and shared memory count, pages of files do not: a forked process maps torch's libraries again as it touches
    them. Where the process continues in a child (see :mod:`fxlens.worker.confinement`), the child counts.
    """
    if platform.system() != "Linux":
        return 0.0
    try:
        lines = Path(f"/proc/{_working(pid)}/status").read_text(encoding="latin-1").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith(("RssAnon:", "RssShmem:"))) * 1024 / 1e6


def written_mb(pid: int, scratch: str) -> float:
    """What the process has written, in MB: into its scratch folder, and into files that have no name (any more)."""
    return (_folder_bytes(scratch) + _nameless_bytes(_working(pid))) / 1e6


def _working(pid: int) -> int:
    """The process itself, or the child that it waits for."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return pid
    return int(children[0]) if children else pid


def _folder_bytes(folder: str) -> int:
    total = files = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += _size(os.lstat(os.path.join(parent, name)))  # noqa: PTH118
            except OSError:
                continue  # Removed meanwhile.
        files += len(names)
        if files > MOST_FILES:
            break
    return total


def _nameless_bytes(pid: int) -> int:
    """Files made by ``memfd_create``, and removed ones that are still open; those that are mapped only are resident."""
    folder = f"/proc/{pid}/fd"
    sizes: dict[tuple[int, int], int] = {}
    try:
        descriptors = os.listdir(folder)  # noqa: PTH208
    except OSError:
        return 0
    for descriptor in descriptors:
        try:
            status = os.stat(f"{folder}/{descriptor}")  # noqa: PTH116
        except OSError:
            continue  # Closed meanwhile.
        if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
            sizes[status.st_dev, status.st_ino] = _size(status)
    return sum(sizes.values())


def _size(status: os.stat_result) -> int:
    return getattr(status, "st_blocks", 0) * 512 or status.st_size
