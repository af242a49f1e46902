"""Which files a file imports, told without parsing it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePath

from fxlens.source.workspace import StampedWorkspace, Workspace

# These read text, to spare parsing files that cannot matter: a match inside a string or a comment costs time and
# decides nothing, because what is read is then parsed, and its imports and calls are resolved.
_FROM = re.compile(r"(?:^|[;:])[ \t]*from[ \t]+([.\w]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n#;]*)", re.M)
_IMPORTED_BY_NAME = re.compile(r"""\b(?:import_module|__import__)\(\s*["']([\w.]+)["']""")
_IMPORT = re.compile(r"(?:^|[;:])[ \t]*import[ \t]+([^\n#;]+)", re.M)


def imported_files(text: str, path: str, workspace: Workspace) -> Iterable[str]:
    """The files of the workspace that ``text``, the file ``path``, imports; told without parsing it."""
    if isinstance(workspace, StampedWorkspace) and workspace.text(path) == text:
        return workspace.imported(path)
    return imports_in(text, path, workspace)


def imports_in(text: str, path: str, workspace: Workspace) -> Iterator[str]:
    """The same, computed again."""
    for dotted in imported_modules(text, path):
        module_path = workspace.module(dotted, path)
        if module_path is not None:
            yield module_path


_cached: dict[str, tuple[str, tuple[str, ...]]] = {}
_MOST_KNOWN = 8192


def imported_modules(text: str, path: str) -> tuple[str, ...]:
    """What may be a module in the imports of ``text``: ``from a import b`` may import the module ``a`` or ``a.b``.

    Found once for each text of the file ``path``.
    """
    cached = _cached.get(path)
    if cached is not None and cached[0] == text:
        return cached[1]
    if len(_cached) >= _MOST_KNOWN:
        _cached.clear()
    modules = (*_found_in(text), *(_CONFTEST if _is_of_tests(PurePath(path).name) else ()))
    _cached[path] = (text, modules)
    return modules


_CONFTEST = (".conftest", "..conftest", "...conftest")
"""What pytest takes fixtures from, without an import: a file of the test's folder, and of those around it."""


def _is_of_tests(name: str) -> bool:
    return name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py"


def _import_lines(text: str) -> str:
    """The lines with an import, each up to the bracket that its names stand in: few of a text, and soon found."""
    parts: list[str] = []
    end = 0
    at = text.find("import")
    while at >= 0:
        start = text.rfind("\n", end, at) + 1 or end
        end = text.find("\n", at) + 1 or len(text)
        if "(" in text[at:end] and ")" not in text[at:end]:
            end = text.find(")", end) + 1 or end
        parts.append(text[start:end])
        at = text.find("import", end)
    return "\n".join(parts)


def _found_in(text: str) -> tuple[str, ...]:
    modules: dict[str, None] = {}
    lines = _import_lines(text)
    for match in _FROM.finditer(lines):
        home, names = match[1], re.findall(r"(\w+)(?:[ \t]+as[ \t]+\w+)?", match[2])
        modules[home] = None
        modules.update((f"{home}{'' if home.endswith('.') else '.'}{name}", None) for name in names)
    if "import_module(" in text or "__import__(" in text:
        modules.update((match[1], None) for match in _IMPORTED_BY_NAME.finditer(text))
    for match in _IMPORT.finditer(lines):
        modules.update((part.split()[0], None) for part in match[1].split(",") if part.strip())
    return tuple(modules)


def may_call(text: str, name: str) -> bool:
    """Whether something of that name is called in ``text``, as far as can be told without parsing it."""
    # Not by one expression: it would begin at each letter of the text.
    at = text.find(name)
    while at >= 0:
        end = at + len(name)
        if (
            not (at and (text[at - 1].isalnum() or text[at - 1] == "_"))
            and text[end : end + 9].lstrip(" \t")[:1] == "("
        ):
            return True
        at = text.find(name, end)
    return False


def last_names(text: str, path: str) -> frozenset[str]:
    """The last names of all that may be a module in the imports of ``text``; ``"."`` for a package by dots alone."""
    return frozenset(dotted.rpartition(".")[2] or "." for dotted in imported_modules(text, path))


def importing_files(path: str, workspace: Workspace) -> Iterator[str]:
    """The files of the workspace that import the file ``path``."""
    file = PurePath(path)
    words = (file.parent.name, ".") if file.name == "__init__.py" else (file.stem,)
    for other in sorted({each for word in words for each in workspace.importing(word)} - {path}):
        text = workspace.text(other)
        if text is not None and path in imported_files(text, other, workspace):
            yield other


def may_pass_on(text: str, names: Iterable[str]) -> bool:
    """Whether one of the names can be imported from ``text``, which imports it."""
    return "import *" in text or any(name in text for name in names)
