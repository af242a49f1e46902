"""The syntax of a document: typed nodes with positions, and the one lowering that makes them from the parser's tree.

``lowered(document)`` gives the module; ``path_to(module, position)`` the nodes around a place, outermost first.
"""

from __future__ import annotations

from fxlens.source.syntax.lowering import lowered, lowered_expression
from fxlens.source.syntax.paths import path_to

__all__ = ["lowered", "lowered_expression", "path_to"]
