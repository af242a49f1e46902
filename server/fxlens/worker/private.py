"""Copies of modules of the standard library that user code cannot reach by name, and so cannot change."""

from __future__ import annotations

import importlib.util
import os
from types import ModuleType
from typing import Any


def private_module(name: str, **replaced: ModuleType) -> Any:
    """A fresh copy of the module; ``replaced`` are modules that it uses, by the names it has for them."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ImportError(f"the standard library has no {name}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.__dict__.update(replaced)
    return module


def _copy_of_os() -> Any:
    copy = ModuleType("os")
    copy.__dict__.update(os.__dict__)
    copy.__dict__["path"] = private_module(os.path.__name__, os=copy)
    return copy


OS: Any = _copy_of_os()
"""``os`` and ``os.path`` as they were when this module was imported."""
