"""What ``fxlens check`` found, as values that every output format is made of."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from urllib.parse import quote

from fxlens.checks.problem import Severity
from fxlens.cli.counting import Counts

_LINE_NUMBERS = re.compile(r"(\.py:|\b[Ll]ines? )\d+")
FAILING = ("error", "warning")
"""Severities that end ``check`` with 1."""


@dataclass(frozen=True)
class Finding:
    """One problem. Lines and columns count from 1, the end column is the one after; ``cell`` is set in a notebook."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    rule: str
    severity: Severity
    message: str
    suggestions: tuple[str, ...] = ()
    cell: int | None = None

    @property
    def line_and_column(self) -> Mapping[str, int]:
        """Line, column and, in a notebook, the cell that they count in."""
        cell = {} if self.cell is None else {"cell": self.cell}
        return {**cell, "line": self.line, "column": self.column}

    @property
    def posix_path(self) -> str:
        """The path with forward slashes, as services expect it."""
        return PurePath(self.path).as_posix()

    @property
    def uri(self) -> str:
        """A relative reference for a file below the working folder, else a ``file:`` address."""
        return Path(self.path).as_uri() if PurePath(self.path).is_absolute() else quote(os.fsencode(self.posix_path))

    @property
    def identity(self) -> tuple[str, str, str]:
        """Path, rule and message, by which the finding is the same one when lines move: those it names are left out.

        Example:
            >>> Finding("a.py", 1, 1, 1, 2, "failed-model", "error", "It raises (net.py:7, line 12).").identity
            ('a.py', 'failed-model', 'It raises (net.py:, line ).')
        """
        return self.posix_path, self.rule, without_lines(self.message)

    @property
    def text(self) -> str:
        """The message; in a notebook with the place in its cell, which services cannot mark."""
        return self.message if self.cell is None else f"Cell {self.cell}, line {self.line}: {self.message}"


@dataclass(frozen=True)
class Report:
    """All findings in order, how many calls were checked, and what could not be done at all."""

    findings: tuple[Finding, ...]
    counts: Counts = field(default_factory=Counts)
    failures: tuple[str, ...] = ()


def without_lines(message: str) -> str:
    """A message without the numbers of the lines that it names, which edits elsewhere in a file change."""
    return _LINE_NUMBERS.sub(r"\1", message)


def fingerprints(findings: Iterable[Finding]) -> list[str]:
    """A fingerprint for each finding that survives edits of other lines; two equal findings of a file differ."""
    seen: Counter[tuple[str, str, str]] = Counter()
    prints = []
    for finding in findings:
        key = finding.identity
        seen[key] += 1
        text = "\0".join((*key, str(seen[key])))
        prints.append(hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest())
    return prints
