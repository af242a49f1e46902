"""Which module a file is: by the packages around it, or by the folder that its imports come from."""

# Asked at every keystroke: plain string functions, no pathlib objects.
# ruff: noqa: PTH118, PTH119, PTH120, PTH122, PTH206

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass

SOURCE_ROOTS = ("src", "python")
"""Folders of a project or a workspace that hold packages, by custom."""


@dataclass(frozen=True)
class ModuleName:
    """``name`` and ``package`` as in ``__name__`` and ``__package__``; ``top`` is the folder they are imported from."""

    name: str
    package: str
    top: str


def module_name(path: str, is_file: Callable[[str], bool] = os.path.isfile) -> ModuleName:
    """The module that the file ``path`` is, by the packages (folders with ``__init__.py``) around it.

    Without any it is a script of the folder itself; as what it is imported otherwise, :func:`namespace_package` tells.

    Example:
        >>> module_name("/w/acme/nets/tap.py", lambda path: path.startswith("/w/acme/"))
        ModuleName(name='acme.nets.tap', package='acme.nets', top='/w')
    """
    folder, file = os.path.split(path)
    stem = os.path.splitext(file)[0]
    packages: list[str] = []
    top = folder
    while is_file(os.path.join(top, "__init__.py")) and os.path.basename(top).isidentifier():
        packages.insert(0, os.path.basename(top))
        top = os.path.dirname(top)
    parts = [] if stem == "__init__" else [stem]
    return ModuleName(".".join([*packages, *parts]) or os.path.basename(folder), ".".join(packages), top)


def namespace_package(path: str, roots: Iterable[str]) -> tuple[str, str]:
    """The package by whose name a file without ``__init__.py`` beside it is imported, and the folder that is in.

    It is the way from one of ``roots`` above the file's folder: the nearest that is a source root by its name, else the
    outermost, from which a relative import reaches furthest. (The nearest may be a folder of the package itself: all on
    the way up are looked into.) Where there is none, the folder itself is taken for the package: a relative import
    works in packages alone.

    Example:
        >>> namespace_package("/w/pkg/models/tap.py", ["/w", "/w/pkg/models"])
        ('pkg.models', '/w')
        >>> namespace_package("/w/src/pkg/b/tap.py", ["/w/src/pkg", "/w/src", "/w"])
        ('pkg.b', '/w/src')
        >>> namespace_package("/w/tap.py", ["/w"])
        ('w', '/')
    """
    folder = os.path.dirname(path)
    above = [root for root in roots if root != folder and folder.startswith(os.path.join(root, ""))]
    named = [root for root in above if os.path.basename(root) in SOURCE_ROOTS]
    for root in [*sorted(named, key=len, reverse=True), *sorted(above, key=len)]:
        parts = folder[len(os.path.join(root, "")) :].split(os.sep)
        if all(part.isidentifier() for part in parts):
            return ".".join(parts), root
    return os.path.basename(folder), os.path.dirname(folder)
