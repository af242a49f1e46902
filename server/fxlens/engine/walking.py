"""Walking a folder for Python files as a checkout's owner would expect."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from fxlens.engine.regular_files import read_text, skip_reason

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

SKIPPED = {"__pycache__", "node_modules", "site-packages", "build", "dist", "venv"}
"""Folders nobody means by "my code"; those whose name starts with a dot are skipped too.

An environment is known by what is in it, not by its name: a folder ``env`` may hold one, or a package of that name.
"""
MOST_PATTERNS = 5_000
"""Lines of one ``.gitignore`` that are read: every file is compared with each."""
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
        if here != root and ("pyvenv.cfg" in files or "conda-meta" in folders):
            folders.clear()
            continue
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
    try:
        lines = read_text(path).splitlines()
    except OSError as error:
        on_skip(f"{path} {skip_reason(error)}")
        lines = []
    if len(lines) > MOST_PATTERNS:
        on_skip(f"{path}:{MOST_PATTERNS + 1} and what follows is not read: the file is too long")
        del lines[MOST_PATTERNS:]
    return ignore_spec(lines, lambda number, line, why: on_skip(f"{path}:{number} {why}: {line!r:.80}"))


def pattern_problem(pattern: str) -> str:
    """Why ``pattern`` is not a pattern, in words that follow it; nothing if it is.

    Example:
        >>> pattern_problem("!"), pattern_problem("[z-a]"), pattern_problem("*.py")
        ('is not a pattern', 'is not a pattern', '')
    """
    problems: list[str] = []
    ignore_spec([pattern], lambda _number, _line, why: problems.append(why))
    return problems[0] if problems else ""


def ignore_spec(lines: Sequence[str], on_bad: Callable[[int, str, str], None] = lambda *_: None) -> GitIgnoreSpec:
    """The patterns in ``lines``; ``on_bad`` gets the number of a line that is not a pattern, its text, and why."""
    from pathspec import GitIgnoreSpec  # Here, for it costs a start of the server 90 ms, and only threads walk.

    warnings.filterwarnings("ignore", category=FutureWarning, module="pathspec")  # Of what users write in brackets.
    plain = [_STARS.sub(_one_meaning, line) for line in lines]
    plain = [_FOLDERS.sub("**/", line) for line in plain]
    try:
        if not any(map(_too_many_stars, plain)):
            return GitIgnoreSpec.from_lines(plain)
    except (ValueError, re.error):
        pass  # One by one, to tell which.
    return GitIgnoreSpec.from_lines(_good_lines(lines, plain, on_bad))


_STARS = re.compile(r"(?<![\\*])\*{2,}")
_FOLDERS = re.compile(r"(?<![^/])(?:\*\*/){2,}")
_MOST_STARS = 12


def _too_many_stars(pattern: str) -> bool:
    """As a regular expression it takes longer than anybody has: every length of each star is tried with all others."""
    return pattern.count("*") > _MOST_STARS


def _one_meaning(stars: re.Match[str]) -> str:
    """Several stars, as git reads them: any folders if they are all between two slashes, else what one means."""
    text, start, end = stars.string, stars.start(), stars.end()
    alone = text[start - 1 : start] in ("", "/", "!") and text[end : end + 1] in ("", "/")
    return "**" if alone else "*"


def _good_lines(lines: Sequence[str], plain: list[str], on_bad: Callable[[int, str, str], None]) -> Iterator[str]:
    from pathspec import GitIgnoreSpec

    for number, (line, pattern) in enumerate(zip(lines, plain, strict=True), 1):
        if _too_many_stars(pattern) and not pattern.startswith("#"):
            on_bad(number, line, "has too many stars to be matched")
            continue
        try:
            GitIgnoreSpec.from_lines([pattern])
        except (ValueError, re.error):
            on_bad(number, line, "is not a pattern")
        else:
            yield pattern


def _ignored(path: Path, ignores: list[tuple[Path, GitIgnoreSpec]], folder: bool = False) -> bool:
    tail = "/" if folder else ""
    return any(spec.match_file(path.relative_to(base).as_posix() + tail) for base, spec in ignores)
