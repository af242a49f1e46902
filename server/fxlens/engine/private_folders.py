"""Folders for the processes that the engine starts: nothing lies in them, so nothing can be imported from them.

A worker's holds the temporary files of its trace processes, too. It is removed with the worker; what a killed engine
left is removed by the next one.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

PREFIX = "fxlens-worker-"


def make_folder(root: str | None) -> str:
    """A new, empty folder that only this user may enter: below ``root``, or among the system's temporary files.

    Raises:
        OSError: it can be made in neither of them.
    """
    for base in filter(None, (root, tempfile.gettempdir())):
        try:
            Path(base).mkdir(parents=True, exist_ok=True)
            _remove_left(Path(base))
            return tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=base)
        except OSError:
            continue
    return tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")


def remove_folder(folder: str) -> None:
    """Remove it with all that is in it, as far as that is possible."""
    shutil.rmtree(folder, ignore_errors=True)


def _remove_left(base: Path) -> None:
    for folder in base.glob(f"{PREFIX}*"):
        pid = folder.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdigit() and not _runs(int(pid)):
            remove_folder(str(folder))


def _runs(pid: int) -> bool:
    if os.name == "nt":
        return True  # It would be ended by asking.
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
