"""Importing the installed packages of a slice before the process is confined.

A package may write a cache, start a compiler or look for a device while it is imported: that is the user's environment
working as usual. So what the slice imports at its top level, from installed packages, is imported first. The user's
own modules, and whatever is imported later, run confined.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.machinery
import sys
import traceback
from collections.abc import Iterator, Sequence
from itertools import takewhile

from fxlens.worker.file_origins import is_users
from fxlens.worker.messages import TraceRequest

ENVIRONMENT = ("environ", "putenv", "sys.path", "sys.modules", "setenv")
"""A statement that names one of them may change what an import after it does: that import keeps its place."""


def import_installed(request: TraceRequest, folders: Sequence[str]) -> None:
    """Import them; ``folders``, where the user's own modules are, must not be on ``sys.path`` yet.

    A package that cannot be imported is left to the slice, which meets the same error with its line.
    """
    missing = [(name, items) for name, items in _imports(request) if not _is_there(name, items)]
    if not missing:
        return
    last = next(reversed(sys.modules))  # A set of all names would count references: a copy of all their pages, 6 ms.
    for name, items in missing:
        top = name.partition(".")[0]
        if _is_own(top, folders) or not _is_installed(top):
            continue
        try:
            __import__(name, fromlist=items)
        except BaseException:
            traceback.print_exc()
    # In the user's program these names mean modules of theirs.
    for name in list(takewhile(lambda name: name != last, reversed(sys.modules))):
        if "." not in name and _is_own(name, folders):
            for each in [each for each in sys.modules if each == name or each.startswith(f"{name}.")]:
                del sys.modules[each]


def _is_there(name: str, items: tuple[str, ...]) -> bool:
    module = sys.modules.get(name)
    return module is not None and all(item in vars(module) for item in items)


def _imports(request: TraceRequest) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The absolute imports at the top level, and those in a ``try`` there: module, and what is taken from it."""
    for statement in request.statements:
        with contextlib.suppress(SyntaxError, ValueError, RecursionError):
            for node in _with_tries(ast.parse(statement.text.strip()).body):
                if isinstance(node, ast.Import):
                    yield from ((alias.name, ()) for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    yield node.module, tuple(alias.name for alias in node.names if alias.name != "*")
        if any(word in statement.text for word in ENVIRONMENT):
            return


def _with_tries(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, ast.Try):
            yield from _with_tries(node.body)
        else:
            yield node


def _is_own(top: str, folders: Sequence[str]) -> bool:
    return importlib.machinery.PathFinder.find_spec(top, list(folders)) is not None


def _is_installed(top: str) -> bool:
    if top in sys.builtin_module_names:
        return True
    spec = importlib.machinery.PathFinder.find_spec(top)
    if spec is None:
        return False
    origins = [spec.origin] if spec.origin and spec.has_location else list(spec.submodule_search_locations or ())
    return not any(is_users(origin) for origin in origins)
