"""A baseline: findings that a project has accepted for now, so that ``check`` fails for new ones only.

The file is JSON: ``version`` (1) and ``problems``, a list of ``path`` (relative to the baseline's folder, with forward
slashes), ``rule``, ``message`` and ``count``. Lines are left out, those that a message names too: an edit elsewhere in
a file must not make an old finding a new one.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, TypeAlias

import click

from fxlens.cli.report import Finding, without_lines
from fxlens.engine.file_names import without_links
from fxlens.engine.regular_files import SkippedError, read_regular

VERSION = 1
Key: TypeAlias = tuple[str, str, str]
"""Path, rule, message."""


class BaselineError(Exception):
    """The file is not a baseline; the message says why."""


@dataclass(frozen=True)
class Compared:
    """Findings that the baseline does not have, how many it has, and how many of its own were not found again."""

    new: tuple[Finding, ...]
    accepted: int
    gone: int


def require_baseline(file: Path) -> None:
    """See that ``file`` is a baseline before a check that may take minutes.

    Raises:
        click.BadParameter: it is not, with the reason.
    """
    try:
        _read(file)
    except BaselineError as error:
        raise click.BadParameter(str(error), param_hint="'--baseline'") from error


def compare(findings: Iterable[Finding], file: Path, looked_at: Iterable[str]) -> Compared:
    """The findings beside those of the baseline ``file``; what it says of files not ``looked_at`` is left alone.

    Raises:
        BaselineError: the file cannot be read, or is not a baseline.
    """
    rest = _read(file)
    new: list[Finding] = []
    accepted = 0
    for finding in findings:
        key = _key(finding, file)
        if rest[key] > 0:
            rest[key] -= 1
            accepted += 1
        else:
            new.append(finding)
    visited = {_relative(path, file) for path in looked_at}
    return Compared(tuple(new), accepted, sum(count for key, count in rest.items() if key[0] in visited))


def write(findings: Iterable[Finding], file: Path, looked_at: Iterable[str]) -> int:
    """Write all findings as the baseline; how many there are.

    What it says already of files that are there and were not ``looked_at`` stays.

    Raises:
        BaselineError: there is a file that is not a baseline.
        OSError: the file cannot be written.
    """
    visited = {_relative(path, file) for path in looked_at}
    before = _read(file) if file.exists() else Counter[Key]()
    folder = without_links(file).parent
    counts = Counter({key: n for key, n in before.items() if key[0] not in visited and (folder / key[0]).is_file()})
    counts.update(_key(finding, file) for finding in findings)
    problems = [
        {"path": path, "rule": rule, "message": message, "count": count}
        for (path, rule, message), count in sorted(counts.items())
    ]
    text = json.dumps({"version": VERSION, "problems": problems}, indent=2, ensure_ascii=False)
    file.write_text(f"{text}\n", encoding="utf-8")
    return sum(counts.values())


def _read(file: Path) -> Counter[Key]:
    try:
        counts = Counter[Key]()
        for key, count in _entries(json.loads(read_regular(file).decode("utf-8"))):
            counts[key] += count
        return counts
    except SkippedError as error:
        raise BaselineError(f"{file} is not a baseline: it {error}.") from error
    except OSError as error:
        raise BaselineError(f"{file} cannot be read: {error.strerror}. `--write-baseline` makes it.") from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise BaselineError(
            f"{file} is not a baseline: {error}. Name another file; `--write-baseline` makes one."
        ) from error


def _entries(data: Any) -> Iterator[tuple[Key, int]]:
    if not isinstance(data, dict) or "version" not in data:
        raise ValueError("it has no version")
    if data["version"] != VERSION:
        raise ValueError(f"its version is {data['version']!r}, not {VERSION}")
    for entry in data["problems"]:
        yield (str(entry["path"]), str(entry["rule"]), without_lines(str(entry["message"]))), int(entry["count"])


def _key(finding: Finding, file: Path) -> Key:
    _, rule, message = finding.identity
    return _relative(os.path.abspath(finding.path), file), rule, message  # noqa: PTH100


def _relative(path: str, file: Path) -> str:
    folder = without_links(file).parent
    try:
        return PurePath(os.path.relpath(without_links(Path(path)), folder)).as_posix()
    except ValueError:  # Another drive.
        return PurePath(path).as_posix()
