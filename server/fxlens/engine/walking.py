"""Walking a folder for Python files as a checkout's owner would expect, and reading them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

SKIPPED = {"__pycache__", "node_modules", "site-packages", "build", "dist", "venv", "env"}
"""Folders nobody means by "my code"; those whose name starts with a dot are skipped too."""
ENCODINGS = ("utf-8-sig", "latin-1")


def walk(root: Path, most_folders: int | None = None, suffixes: str | tuple[str, ...] = ".py") -> Iterator[Path]:
    """The Python files at and below ``root`` in a stable order; ``.gitignore`` files on the way are respected.

    ``most_folders`` bounds how many folders are looked into; ``suffixes`` are how the names of the files end.
    """
    from pathspec import GitIgnoreSpec  # Here, for it costs a start of the server 90 ms, and only threads walk.

    ignores: list[tuple[Path, GitIgnoreSpec]] = []
    for visited, (folder, folders, files) in enumerate(os.walk(root)):
        if most_folders is not None and visited >= most_folders:
            return
        here = Path(folder)
        ignores = [(base, spec) for base, spec in ignores if here.is_relative_to(base)]
        if ".gitignore" in files:
            lines = (here / ".gitignore").read_text(encoding="utf-8", errors="replace").splitlines()
            ignores.append((here, GitIgnoreSpec.from_lines(lines)))
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and name not in SKIPPED and not _ignored(here / name, ignores, folder=True)
        )
        for name in sorted(files):
            if name.endswith(suffixes) and not _ignored(here / name, ignores):
                yield here / name


def _ignored(path: Path, ignores: list[tuple[Path, GitIgnoreSpec]], folder: bool = False) -> bool:
    tail = "/" if folder else ""
    return any(spec.match_file(path.relative_to(base).as_posix() + tail) for base, spec in ignores)


def read_source(path: Path) -> str:
    """The text of a Python file, whatever its encoding: UTF-8 mostly, else byte for byte, which never fails.

    Line ends stay as they are, so that positions are those an editor shows.
    """
    data = path.read_bytes()
    try:
        return data.decode(ENCODINGS[0])
    except UnicodeDecodeError:
        return data.decode(ENCODINGS[1])
