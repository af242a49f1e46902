"""Which other files may request names that stand in the constants of this one; told by texts, before any is parsed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath

from fxlens.source.library.extraction import FUNCTIONS
from fxlens.source.project import imported_files
from fxlens.source.workspace import Workspace
from fxlens.source.wrappers import wrapper_files

_BINDING = re.compile(r"^[ \t]*(?:class[ \t]+(\w+)|(\w+)[ \t]*(?::[^=\n]*)?[+|]?=(?!=))", re.M)
_FUNCTION = re.compile(r"(?:async[ \t]+)?def\b|@")
_STATEMENT = re.compile(r"^[^\s)\]}#]", re.M)
_STAR = "import *"


def constants_with_texts(text: str) -> list[str]:
    """The names that statements outside functions bind, where a text stands in them; of a class, its own."""
    found: dict[str, None] = {}
    starts = [match.start() for match in _STATEMENT.finditer(text)]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        if _FUNCTION.match(text, start) is None and ('"' in text[start:end] or "'" in text[start:end]):
            found.update((match[1] or match[2], None) for match in _BINDING.finditer(text, start, end))
    return list(found)


def requesting_files(text: str, path: str, workspace: Workspace) -> list[str]:
    """The files that have extraction calls, or call wrappers of them, and read a constant of the file ``path``."""
    others = {each for function in FUNCTIONS for each in workspace.mentioning(function) if each != path}
    names = constants_with_texts(text) if others else []
    if not names:
        return []
    homes = _passing_on(path, names, workspace)
    return [each for each in sorted(homes) if each != path and (each in others or _calls_wrappers(each, workspace))]


def _calls_wrappers(path: str, workspace: Workspace) -> bool:
    return bool(wrapper_files(workspace.text(path) or "", path, workspace))


def _passing_on(path: str, names: list[str], workspace: Workspace) -> set[str]:
    """The file, and those that import it, perhaps through others, and mention one of the names."""
    homes = {path}
    queue = [path]
    for home in queue:
        for other in _importing(home, workspace):
            text = workspace.text(other) if other not in homes else None
            if text is None or not (_STAR in text or any(name in text for name in names)):
                continue
            if home in imported_files(text, other, workspace):
                homes.add(other)
                queue.append(other)
    return homes


def _importing(path: str, workspace: Workspace) -> Iterator[str]:
    """The files that import a module of the file's name."""
    file = PurePath(path)
    for word in (file.parent.name, ".") if file.name == "__init__.py" else (file.stem,):
        yield from workspace.importing(word)
