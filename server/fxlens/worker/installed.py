"""Whether a program of the user's finds this library: the worker's own copy is loaded past ``sys.path``."""

from __future__ import annotations

import importlib.machinery
import sys

_NAME = "fxlens"


def library_is_installed() -> bool:
    """Whether ``import fxlens`` works in the user's environment, whatever of it runs in this process."""
    if importlib.machinery.PathFinder.find_spec(_NAME) is not None:
        return True
    # An installation that is edited in place may have its own finder.
    editable = (finder for finder in sys.meta_path if getattr(finder, "__module__", "").startswith("__editable__"))
    return any(finder.find_spec(_NAME, None) is not None for finder in editable)
