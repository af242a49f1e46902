"""Which Python traces the models of a folder on the command line, and why it is that one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fxlens.engine.file_names import without_links
from fxlens.engine.interpreters import python_in

_VARIABLES = {"VIRTUAL_ENV": "the active environment, VIRTUAL_ENV", "CONDA_PREFIX": "the active conda environment"}
_FOLDERS = (".venv", "venv")
"""Environments inside a project; the second one as in the editor."""


@dataclass(frozen=True)
class Chosen:
    """An interpreter; ``reason`` follows its path in brackets."""

    interpreter: str
    reason: str


def choose(named: str | None, root: Path, paths: Iterable[Path], variables: Mapping[str, str]) -> Chosen:
    """The interpreter for the files ``paths`` of the project ``root``.

    The first that there is of: ``named`` by the option ``--python``, the active environment, the active conda
    environment, ``.venv`` from where all of ``paths`` lie up to ``root``, and the Python that runs this command.

    Example:
        >>> choose("/opt/python", Path("/p"), [], {})
        Chosen(interpreter='/opt/python', reason='given by --python')
    """
    if named:
        return Chosen(named, "given by --python")
    for variable, reason in _VARIABLES.items():
        if variables.get(variable) and (python := python_in(Path(variables[variable]))):
            return Chosen(python, reason)
    for folder in _up(root, paths):
        for name in _FOLDERS:
            if python := python_in(folder / name):
                return Chosen(python, f"{name} of the project")
    return Chosen(sys.executable, "the one this command runs in")


def _up(root: Path, paths: Iterable[Path]) -> list[Path]:
    """The folder that all ``paths`` share, and those above it up to ``root``."""
    inside = [str(without_links(path)) for path in paths if without_links(path).is_relative_to(root)]
    shared = Path(os.path.commonpath(inside)) if inside else root
    return [folder for folder in (shared, *shared.parents) if folder.is_relative_to(root)]
