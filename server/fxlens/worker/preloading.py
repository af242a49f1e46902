"""Importing torchvision and timm once in the worker, so that its forked children need not."""

from __future__ import annotations

import ast
import importlib
import sys
import traceback

from fxlens.worker.messages import TraceRequest

SHARED = ("torchvision", "timm")
"""Packages worth sharing: slow to import, often used, and without threads of their own.

Other third-party packages are imported by the trace process: one that starts threads or touches a GPU when imported
must not do so in the process that is forked.
"""


class Preloader:
    def __init__(self) -> None:
        self._tried: set[str] = set()

    def preload(self, request: TraceRequest) -> None:
        """Import what ``request`` will import and all its successors may share."""
        for package in SHARED:
            if package not in self._tried and _needs(request, package):
                self._tried.add(package)
                self._import(package)

    @staticmethod
    def _import(package: str) -> None:
        known = set(sys.modules)
        try:
            importlib.import_module(package)
        except BaseException:  # the trace process will meet the same error and report it with its line
            traceback.print_exc()
            for name in set(sys.modules) - known:
                del sys.modules[name]


def _needs(request: TraceRequest, package: str) -> bool:
    """Whether ``request`` imports ``package``, itself or because its dialect's default leaf modules come from there."""
    if package == "timm" and request.dialect == "timm":
        return True
    if package == "torchvision" and request.dialect in ("torchvision", "timm"):
        return True
    return any(_imports(statement.text, package) for statement in request.statements)


def _imports(text: str, package: str) -> bool:
    if package not in text:
        return False
    try:
        tree = ast.parse(text.strip())
    except SyntaxError:
        return False
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.append(node.module)
    return any(name.partition(".")[0] == package for name in names)
