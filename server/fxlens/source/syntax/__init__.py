"""The syntax of a document: typed nodes with positions, and the one lowering that makes them from the parser's tree.

``lowered(document)`` gives the module; ``expression_of(text, path)`` that of one expression;
``path_to(module, position)`` the nodes around a place, outermost first.
"""

from __future__ import annotations

from fxlens.source.syntax.lowering import expression_of, lowered
from fxlens.source.syntax.positions import path_to

__all__ = ["expression_of", "lowered", "path_to"]
