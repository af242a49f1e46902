"""Which files a command is about: named files as they are, folders walked as a checkout's owner would expect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from fxlens.engine.file_names import without_links
from fxlens.engine.notebook_files import SUFFIX
from fxlens.engine.walking import OnSkip, walk


def python_files(
    paths: Iterable[Path], on_skip: OnSkip = lambda _: None, on_folder: OnSkip | None = None
) -> Iterator[Path]:
    """Every Python file and notebook of ``paths`` once, in order: a named file whatever its name is, a folder walked.

    ``.gitignore`` files are respected at and below each named folder. A file that several paths lead to comes by the
    first of them. ``on_folder`` is told of folders that cannot be listed, by default ``on_skip``.
    """
    seen: set[Path] = set()
    for path in paths:
        walked = walk(path, suffixes=(".py", SUFFIX), on_skip=on_skip, on_folder=on_folder) if path.is_dir() else [path]
        for file in walked:
            target = without_links(file)
            if target not in seen:
                seen.add(target)
                yield file
