"""Notebook files: their Python cells as one program, as the editor has it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fxlens.engine.walking import read_source
from fxlens.source.notebooks import Cell, Program

SUFFIX = ".ipynb"


def read_notebook(path: Path) -> Program:
    """The program of a notebook file; an empty one for a file that is no notebook, or one in another language."""
    try:
        data = json.loads(read_source(path))
    except ValueError:
        return Program.of(())
    return Program.of(_python_cells(data) if isinstance(data, Mapping) else ())


def _python_cells(data: Mapping[str, Any]) -> Iterator[Cell]:
    metadata = data.get("metadata") or {}
    language = (metadata.get("kernelspec") or {}).get("language") or (metadata.get("language_info") or {}).get("name")
    if language and language != "python":
        return
    for cell in data.get("cells") or ():
        if cell.get("cell_type") == "code":
            source = cell.get("source") or ""
            yield Cell(str(cell.get("id", "")), source if isinstance(source, str) else "".join(source))
