"""Notebook files: their Python cells as one program, as the editor has it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fxlens.engine.regular_files import SkippedError, read_text, skip_reason
from fxlens.engine.walking import OnSkip, walk
from fxlens.source.text.notebooks import Cell, Program

SUFFIX = ".ipynb"
MOST_FOLDERS = 10_000
LARGEST_FILE = 10_000_000
"""In bytes: with outputs, and pictures among them, but no more than can be read while the user waits."""


def read_notebook(path: Path) -> Program:
    """The program of a notebook file; an empty one for a file that is not a notebook, or one in another language.

    The address of a cell is its number among all cells, from 0.

    Raises:
        OSError: the file cannot be read.
    """
    return program_of(read_text(path))


def notebooks_mentioning(
    roots: Iterable[str], words: Iterable[str], on_skip: OnSkip = lambda _: None
) -> dict[str, Program]:
    """The notebooks below ``roots`` in which one of ``words`` stands, by their paths; made to run in a thread."""
    wanted = list(words)
    programs: dict[str, Program] = {}
    for root in roots:
        for path in walk(Path(root), MOST_FOLDERS, SUFFIX, on_skip):
            try:
                text = read_text(path, LARGEST_FILE)
            except OSError as error:
                on_skip(f"{path} {skip_reason(error)}")
                continue
            program = program_of(text) if any(word in text for word in wanted) else Program.of(())
            if program.cells:
                programs[str(path)] = program
    return programs


def program_of(text: str) -> Program:
    """The program of the notebook file with this text."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return Program.of(())
    return Program.of(_python_cells(data) if isinstance(data, Mapping) else ())


def require_notebook(text: str) -> None:
    """Whether a file with this text is a notebook; an empty one is a notebook that nothing is written in yet.

    Raises:
        SkippedError: it is not, so that none of its cells would be looked at.
    """
    try:
        data = json.loads(text) if text.strip() else {"cells": []}
    except ValueError as error:
        raise SkippedError(f"is not a notebook: {error}") from error
    except RecursionError as error:
        raise SkippedError("is not a notebook: it is nested too deeply") from error
    if not isinstance(data, Mapping) or not isinstance(data.get("cells"), list):
        raise SkippedError("is not a notebook of version 4: it has no list of cells")


def _python_cells(data: Mapping[str, Any]) -> Iterator[Cell]:
    metadata = _table(data.get("metadata"))
    language = _table(metadata.get("kernelspec")).get("language") or _table(metadata.get("language_info")).get("name")
    if language and language != "python":
        return
    cells = data.get("cells")
    for number, cell in enumerate(cells if isinstance(cells, list) else ()):
        if _table(cell).get("cell_type") == "code":
            yield Cell(str(number), _source(cell.get("source")))


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _source(value: object) -> str:
    """The text of a cell: a string, or a list of its lines. A line that is not a string is left out."""
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""
