"""Notebook files: their Python cells as one program, as the editor has it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fxlens.engine.walking import read_source, walk
from fxlens.source.notebooks import Cell, Program

SUFFIX = ".ipynb"
MOST_FOLDERS = 10_000
LARGEST_FILE = 10_000_000
"""In bytes: with outputs, and pictures among them, but no more than can be read while somebody waits."""


def read_notebook(path: Path) -> Program:
    """The program of a notebook file; an empty one for a file that is no notebook, or one in another language.

    The address of a cell is its number among all cells, from 0.
    """
    return _program(read_source(path))


def notebooks_mentioning(roots: Iterable[str], words: Iterable[str]) -> dict[str, Program]:
    """The notebooks below ``roots`` in which one of ``words`` stands, by their paths; made to run in a thread."""
    wanted = list(words)
    found: dict[str, Program] = {}
    for root in roots:
        for path in walk(Path(root), MOST_FOLDERS, SUFFIX):
            try:
                text = read_source(path) if path.stat().st_size <= LARGEST_FILE else ""
            except OSError:
                continue  # Gone or unreadable: as if it were not there.
            program = _program(text) if any(word in text for word in wanted) else Program.of(())
            if program.cells:
                found[str(path)] = program
    return found


def _program(text: str) -> Program:
    try:
        data = json.loads(text)
    except ValueError:
        return Program.of(())
    return Program.of(_python_cells(data) if isinstance(data, Mapping) else ())


def _python_cells(data: Mapping[str, Any]) -> Iterator[Cell]:
    metadata = data.get("metadata") or {}
    language = (metadata.get("kernelspec") or {}).get("language") or (metadata.get("language_info") or {}).get("name")
    if language and language != "python":
        return
    for number, cell in enumerate(data.get("cells") or ()):
        if cell.get("cell_type") == "code":
            source = cell.get("source") or ""
            yield Cell(str(number), source if isinstance(source, str) else "".join(source))
