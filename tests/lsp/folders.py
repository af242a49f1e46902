"""Temporary folders of a test process, removed at its end (``conftest.py``): xdist's processes end without ``atexit``."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

_made: list[Path] = []


def temporary_folder(name: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=f"fxlens-test-{name}-")).resolve()
    _made.append(folder)
    return folder


def remove_temporary_folders() -> None:
    for folder in _made:
        shutil.rmtree(folder, ignore_errors=True)
