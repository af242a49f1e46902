"""Which files a file imports, told without parsing it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import PurePath

from fxlens.source.workspace import Workspace

_FROM = re.compile(r"^[ \t]*from[ \t]+([.\w]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n#]*)", re.M)
_IMPORT = re.compile(r"^[ \t]*import[ \t]+([^\n#]+)", re.M)


def imported_files(text: str, path: str, workspace: Workspace) -> Iterator[str]:
    """The files of the workspace that ``text``, the file ``path``, imports; told without parsing it."""
    for dotted in imported_modules(text):
        found = workspace.module(dotted, path)
        if found is not None:
            yield found


@lru_cache(maxsize=256)
def imported_modules(text: str) -> tuple[str, ...]:
    """What may be a module in the imports of ``text``: ``from a import b`` may import the module ``a`` or ``a.b``."""
    found: dict[str, None] = {}
    for match in _FROM.finditer(text):
        home, names = match[1], re.findall(r"(\w+)(?:[ \t]+as[ \t]+\w+)?", match[2])
        found[home] = None
        found.update((f"{home}{'' if home.endswith('.') else '.'}{name}", None) for name in names)
    for match in _IMPORT.finditer(text):
        found.update((part.split()[0], None) for part in match[1].split(",") if part.strip())
    return tuple(found)


def may_import(text: str, path: str) -> bool:
    """Whether ``text`` can import from the file ``path``: its module or its package is named."""
    module = PurePath(path)
    return module.stem in text or module.parent.name in text
