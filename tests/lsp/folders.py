"""Temporary folders of a test process, removed at its end (``conftest.py``): xdist's processes end without ``atexit``."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_made: list[Path] = []


def temporary_folder(name: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=f"fxlens-test-{name}-")).resolve()
    _made.append(folder)
    return folder


def remove_temporary_folders() -> None:
    for folder in _made:
        shutil.rmtree(folder, ignore_errors=True)


def files_below(folder: Path) -> Iterator[Path]:
    """The files at any depth. Unlike ``rglob``, it goes on where a trace process's own folder is removed meanwhile."""
    for here, _, names in os.walk(folder):
        yield from (Path(here, name) for name in names)
