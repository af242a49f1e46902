"""Walking a folder for Python files as a checkout's owner would expect."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from fxlens.engine.regular_files import read_source, skip_reason

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

SKIPPED = {"__pycache__", "node_modules", "site-packages", "build", "dist", "venv", "env"}
"""Folders nobody means by "my code"; those whose name starts with a dot are skipped too."""
OnSkip: TypeAlias = Callable[[str], None]
"""Is told what was skipped and why, in one line."""


def walk(
    root: Path,
    most_folders: int | None = None,
    suffixes: str | tuple[str, ...] = ".py",
    on_skip: OnSkip = lambda _: None,
    on_folder: OnSkip | None = None,
) -> Iterator[Path]:
    """The Python files at and below ``root`` in a stable order; ``.gitignore`` files on the way are respected.

    ``most_folders`` bounds how many folders are looked into; ``suffixes`` are how the names of the files end.
    ``on_folder`` is told of folders that cannot be listed, by default ``on_skip``.
    """

    def skip_folder(error: OSError) -> None:
        (on_folder or on_skip)(f"{error.filename} {skip_reason(error)}")

    ignores: list[tuple[Path, GitIgnoreSpec]] = []
    for visited, (folder, folders, files) in enumerate(os.walk(root, onerror=skip_folder)):
        if most_folders is not None and visited >= most_folders:
            return
        here = Path(folder)
        ignores = [(base, spec) for base, spec in ignores if here.is_relative_to(base)]
        if ".gitignore" in files:
            ignores.append((here, _read_ignores(here / ".gitignore", on_skip)))
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and name not in SKIPPED and not _ignored(here / name, ignores, folder=True)
        )
        for name in sorted(files):
            if name.endswith(suffixes) and not _ignored(here / name, ignores):
                yield here / name


def _read_ignores(path: Path, on_skip: OnSkip) -> GitIgnoreSpec:
    """The patterns of a ``.gitignore`` file. A line that is not one is skipped, as git does."""
    from pathspec import GitIgnoreSpec  # Here, for it costs a start of the server 90 ms, and only threads walk.

    try:
        lines = read_source(path).splitlines()
    except OSError as error:
        on_skip(f"{path} {skip_reason(error)}")
        return GitIgnoreSpec.from_lines(())
    try:
        return GitIgnoreSpec.from_lines(lines)
    except (ValueError, re.error):
        return GitIgnoreSpec.from_lines(_good_lines(path, lines, on_skip))


def _good_lines(path: Path, lines: Iterable[str], on_skip: OnSkip) -> Iterator[str]:
    from pathspec import GitIgnoreSpec

    for number, line in enumerate(lines, 1):
        try:
            GitIgnoreSpec.from_lines([line])
        except (ValueError, re.error):
            on_skip(f"{path}:{number} is not a pattern: {line!r:.80}")
        else:
            yield line


def _ignored(path: Path, ignores: list[tuple[Path, GitIgnoreSpec]], folder: bool = False) -> bool:
    tail = "/" if folder else ""
    return any(spec.match_file(path.relative_to(base).as_posix() + tail) for base, spec in ignores)
