"""``package.module:expression`` and ``path/to/file.py:expression``: what a user names on the command line."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from fxlens.cli.outcome import in_words
from fxlens.engine.file_names import without_links
from fxlens.worker.module_names import module_name


class SpecError(ValueError):
    """A spec that cannot be evaluated; the message is for the user."""


def evaluate(spec: str) -> Any:
    """The value of ``spec``: its module or file is imported, and the expression evaluated in it.

    The current folder comes first on the import path, as in ``python -m``.

    Raises:
        SpecError: if ``spec`` is malformed, the module does not import, or the expression raises.

    Example:
        >>> evaluate("math:sqrt(4)")
        2.0
    """
    home, separator, expression = _split(spec)
    if not separator or not home or not expression.strip():
        raise SpecError(f"{spec!r} is not of the form package.module:expression or path/to/file.py:expression")
    module = load(home)
    try:
        return eval(expression, vars(module))
    except (Exception, SystemExit) as error:
        raise SpecError(f"{expression!r} in {home}: {in_words(error)}") from error


def _split(spec: str) -> tuple[str, str, str]:
    """The two parts around the colon; a drive letter (``C:\\model.py:Net()``) is not one."""
    start = 2 if spec[1:2] == ":" and spec[2:3] in ("\\", "/") else 0
    home, separator, expression = spec[start:].partition(":")
    return spec[:start] + home, separator, expression


def load(home: str) -> ModuleType:
    """The module of that name, or in that file.

    Raises:
        SpecError: if it does not import.
    """
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return _load_file(Path(home)) if home.endswith(".py") else importlib.import_module(home)
    except (Exception, SystemExit) as error:  # a script may end itself; this program has not done its work then
        raise SpecError(f"cannot import {home}: {in_words(error)}") from error


def _load_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    named = module_name(str(without_links(path)))
    if named.package:
        # Imports inside a package are relative to it.
        sys.path.insert(0, named.top)
        return importlib.import_module(named.name)
    loaded = sys.modules.get(path.stem)
    if loaded is not None and getattr(loaded, "__file__", None) == str(without_links(path)):
        return loaded  # a second copy would have other classes: a leaf given by file would match nothing
    # As when Python runs a script, its folder is where it imports its neighbours from.
    sys.path.insert(0, str(without_links(path).parent))
    spec = importlib.util.spec_from_file_location(path.stem, without_links(path))
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module
