"""``--watch``: which files have changed since the last look.

By looking at times and sizes, and not by the system's notifications: watchfiles and watchdog are compiled, which the
bundled server cannot be, and notifications are not sent for network folders and most mounts of containers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from fxlens.engine.file_names import without_links
from fxlens.engine.notebook_files import SUFFIX
from fxlens.engine.project_files import READ_FILES
from fxlens.engine.walking import walk

SECONDS = 0.5
"""Between two looks."""
Stamps: TypeAlias = Mapping[str, tuple[int, int]]


def stamps(folders: Iterable[str], files: Iterable[Path] = ()) -> Stamps:
    """The time and size of every Python file, notebook and project file below ``folders``, and of ``files``."""
    result: dict[str, tuple[int, int]] = {}
    suffixes = (".py", SUFFIX, *READ_FILES)
    for path in (*files, *(path for folder in folders for path in walk(Path(folder), suffixes=suffixes))):
        try:
            status = path.stat()
        except OSError:  # Gone since it was listed, or a link to nowhere.
            continue
        result[str(without_links(path))] = (status.st_mtime_ns, status.st_size)
    return result


def changed(before: Stamps, now: Stamps) -> list[str]:
    """The files that are other ones, new or gone, in order."""
    return sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))
