"""What a user may want to name as the model of a call: classes of the file, and imports that look like models."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

from fxlens.checks.text import SourceText

_MOST = 8
_FRAMEWORK = "torch"
"""The package whose classes are layers and tools, not models."""
_COLLECTION = "models"
"""How packages call the modules whose functions build models."""


def likely_models(text: SourceText) -> list[str]:
    """Expressions that build a model, as far as names tell; none for a text that does not parse.

    Example:
        >>> likely_models(SourceText("from nets import Net\\nfrom torch import Tensor\\nimport os\\n"))
        ['Net()']
    """
    names = dict.fromkeys(name for node in (text.tree.body if text.tree else ()) for name in _names(node))
    return [f"{name}()" for name in names][:_MOST]


def _names(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.ClassDef):
        if any(isinstance(each, ast.FunctionDef) and each.name == "forward" for each in node.body):
            yield node.name
    elif isinstance(node, ast.ImportFrom):
        module = node.module or ""
        package = module.partition(".")[0]
        if not node.level and (package == _FRAMEWORK or package in sys.stdlib_module_names):
            return
        of_models = module.rpartition(".")[2] == _COLLECTION
        for alias in node.names:
            if of_models or _is_class_name(alias.name):
                yield alias.asname or alias.name


def _is_class_name(name: str) -> bool:
    """``Net`` and ``UNet``, but not ``CONFIG`` and ``build``."""
    return name[:1].isupper() and not name.isupper()
