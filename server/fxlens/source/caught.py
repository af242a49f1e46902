"""Whether a program expects a call to fail: a ``try`` around it that goes on when it raises, or a test of the error."""

from __future__ import annotations

from fxlens.source.branches import BODY
from fxlens.source.tree import Node, ancestors, children, is_operator, leaves, value

_CATCHES = frozenset({"ValueError", "Exception", "BaseException"})
"""What catches a missing name; a failed trace too, since torch.fx's error is a ValueError."""
_EXPECTS = frozenset({"raises", "assertRaises", "assertRaisesRegex", "suppress"})
"""What a ``with`` calls whose body is wanted, or allowed, to fail."""
_GIVES_UP = frozenset({"raise", "exit", "_exit", "abort", "fail", "skip"})


def is_caught(place: Node) -> bool:
    """Whether the program goes on when the statement ``place`` raises a ValueError.

    It does in the body of a ``try`` that catches it and does not give up, and where a test wants it to be raised.
    """
    below = place
    for above in ancestors(place):
        if above.type in ("funcdef", "classdef", "lambdef"):
            return False
        if above.type == "try_stmt" and children(above)[BODY] is below and _goes_on(above):
            return True
        if above.type == "with_stmt" and children(above)[-1] is below and _expects_errors(above):
            return True
        below = above
    return False


def _goes_on(try_statement: Node) -> bool:
    parts = children(try_statement)
    for at, part in enumerate(parts):
        bare = is_operator(part, "except")
        if not bare and part.type != "except_clause":
            continue
        named = {value(leaf) for leaf in leaves(children(part)[1])} if not bare else _CATCHES
        if named & _CATCHES:
            # The first that catches it is the one that runs.
            return not _GIVES_UP & {value(leaf) for leaf in leaves(parts[at + 2])}
    return False


def _expects_errors(with_statement: Node) -> bool:
    """Whether a ``with`` is one of ``pytest.raises(…)``, ``self.assertRaises(…)`` or ``suppress(…)``."""
    return any(value(leaf) in _EXPECTS for part in children(with_statement)[1:-2] for leaf in leaves(part))
