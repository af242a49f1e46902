"""Importing torchvision, timm and parts of torch once in the worker, so that its forked children need not."""

from __future__ import annotations

import ast
import gc
import importlib
import sys
import traceback
from collections.abc import Callable, Collection

from fxlens.collector import collector_paused
from fxlens.worker.deferring import COMPILER, compiler_deferred
from fxlens.worker.messages import TraceRequest

SHARED = ("torchvision", "timm")
"""Packages worth sharing: slow to import, often used, and without threads of their own.

Other third-party packages are imported by the trace process: one that starts threads or touches a GPU when imported
must not do so in the process that is forked.
"""


ENTRIES = ("torchvision.models.feature_extraction",)
"""Their modules that the package itself does not import, and nearly every file does."""
_QUICK = "torch.fx.experimental.symbolic_shapes"
PARTS_OF_TORCH = (COMPILER, _QUICK)
"""What ``import torch`` leaves to be imported when it is needed, a second's worth: few models need it to be built."""


class Preloader:
    """``tell`` is called with the name of a package before it is imported."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._tried: set[str] = set()
        self._parts: list[str] = []
        self._traced = False
        self._filled = False

    def preload(self, request: TraceRequest) -> None:
        """Import what ``request`` will import and all its successors may share."""
        for package in SHARED:
            if package not in self._tried and _needs(request, package):
                self._tried.add(package)
                self._tell(package)
                with compiler_deferred():
                    self._import(package)
                    for name in ENTRIES if package in sys.modules else ():
                        if name.startswith(f"{package}."):
                            self._import(name)

    def note(self, parts: Collection[str]) -> None:
        """A trace process has imported these parts of torch: its successors should find them."""
        self._traced = True
        self._parts += [part for part in PARTS_OF_TORCH if part in parts and part not in self._tried]
        self._tried.update(self._parts)

    @property
    def waits(self) -> bool:
        """Whether :meth:`preload_parts` has something to do."""
        return bool(self._parts) or (self._traced and not self._filled)

    def preload_parts(self, busy: bool = False) -> None:
        """Import what was noted, and fill the table of torch that tracing reads.

        While the worker is ``busy`` with traces, whose limits it watches, only what takes half a second at most: it may
        be busy until all files of a workspace are checked, and each trace would import that again.
        """
        if self._traced and not self._filled and not busy:
            self._filled = True
            importlib.import_module("torch.overrides").get_overridable_functions()
            gc.freeze()
        for part in [each for each in self._parts if not busy or each == _QUICK]:
            self._parts.remove(part)
            self._import(part)

    @staticmethod
    def _import(package: str) -> None:
        before = set(sys.modules)
        with collector_paused():
            try:
                importlib.import_module(package)
            except BaseException:  # the trace process will meet the same error and report it with its line
                traceback.print_exc()
                for name in set(sys.modules) - before:
                    del sys.modules[name]
            gc.freeze()  # Forked children would otherwise copy every page that the collector touches.


def _needs(request: TraceRequest, package: str) -> bool:
    """Whether ``request`` imports ``package``, itself or because its naming's default leaf modules come from there."""
    naming = request.arguments.get("naming")
    namings = {request.dialect, naming.text.strip("\"'") if naming else ""}
    if (package == "timm" and "timm" in namings) or (package == "torchvision" and namings & {"torchvision", "timm"}):
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
