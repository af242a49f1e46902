"""Modules in folders that are probably, but not for certain, on the program's ``sys.path``."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType


class LikelyFinder(importlib.abc.MetaPathFinder):
    """Finds top-level modules in ``folders``, which need not be on ``sys.path``.

    They come before installed packages, since the code that is edited is the one that is meant. But they hide neither
    the standard library nor a package without ``__init__.py`` (that of a repository of ``torch.hub``, say): Python
    prefers a package with ``__init__.py`` wherever on ``sys.path`` it is, and so a folder of the workspace that the
    program does not have on its path would take such a package's place. Only what is missing there is found here.
    """

    def __init__(self, folders: Sequence[str], environment: Sequence[str]) -> None:
        """``environment`` is the part of ``sys.path`` that installed packages are on: all else there is certain."""
        self._folders = list(folders)
        self._environment = frozenset(environment)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if path is not None or not self._folders or fullname in sys.stdlib_module_names:
            return None
        likely = _find(fullname, self._folders, target)
        usual = _find(fullname, sys.path, target) if likely is not None else None
        if likely is None or usual is None:
            return likely
        if _is_namespace(usual):
            both = importlib.machinery.ModuleSpec(fullname, None, is_package=True)
            both.submodule_search_locations = [*_folders_of(usual), *_folders_of(likely)]
            return both
        certain = [folder for folder in sys.path if folder not in self._environment]
        return likely if not _is_namespace(likely) and _find(fullname, certain, target) is None else None


_find = importlib.machinery.PathFinder.find_spec


def _folders_of(spec: importlib.machinery.ModuleSpec) -> list[str]:
    return list(spec.submodule_search_locations or ())


def _is_namespace(spec: importlib.machinery.ModuleSpec) -> bool:
    return not spec.has_location and spec.submodule_search_locations is not None
