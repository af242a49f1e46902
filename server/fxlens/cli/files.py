"""Which files a command is about: named files as they are, folders walked as a checkout's owner would expect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from fxlens.engine.notebook_files import SUFFIX
from fxlens.engine.walking import walk


def python_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Every Python file and notebook of ``paths`` once, in order: a named file whatever its name is, a folder walked.

    ``.gitignore`` files are respected at and below each named folder.
    """
    seen: set[Path] = set()
    for path in paths:
        for file in [path] if path.is_file() else walk(path, suffixes=(".py", SUFFIX)):
            if file not in seen:
                seen.add(file)
                yield file
