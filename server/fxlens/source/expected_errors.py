"""Whether a program expects a call to fail: a ``try`` around it that goes on when it raises, or a test of the error."""

from __future__ import annotations

from fxlens.source.analysis.events import Block, Frame
from fxlens.source.analysis.run import Run
from fxlens.source.library.testing import EXPECTING_METHODS, EXPECTS_ERRORS
from fxlens.source.syntax import nodes as n
from fxlens.source.values import Reference

VALUE_ERRORS = frozenset({"ValueError", "Exception", "BaseException"})
"""What catches a missing name; a failed trace too, since torch.fx's error is a ValueError."""
KEY_ERRORS = frozenset({"KeyError", "LookupError", "Exception", "BaseException"})
"""What catches a missing key of an output."""
_ALL = frozenset({"Exception", "BaseException"})
_GIVES_UP = frozenset({"exit", "_exit", "abort", "fail", "skip"})


def is_caught(run: Run, blocks: tuple[Block, ...], frame: Frame, errors: frozenset[str] = VALUE_ERRORS) -> bool:
    """Whether the program goes on when one of ``errors`` is raised inside ``blocks`` of ``frame``.

    It does in the body of a ``try`` that catches it and does not give up, and where a test wants it to be raised.
    Around the calls that lead there, a ``try`` counts that names the very error: one that catches all, about a whole
    program, says nothing of what it expects.
    """
    callers = (block for each in frame.chain if each.activity is not None for block in each.activity.blocks)
    return any(_expects(run, block, errors) for block in blocks) or any(
        _expects(run, block, errors - _ALL, by_name=True) for block in callers
    )


def _expects(run: Run, block: Block, errors: frozenset[str], by_name: bool = False) -> bool:
    if isinstance(block.node, n.Try):
        return block.part == 0 and _goes_on(block.node, errors, by_name)
    if isinstance(block.node, n.With):
        return any(_expects_errors(run, item.value) for item in block.node.items)
    return False


def _goes_on(node: n.Try, errors: frozenset[str], by_name: bool) -> bool:
    for handler in node.handlers:
        named = _names(handler.type) if handler.type is not None else frozenset() if by_name else errors
        if named & errors:
            # The first that catches it is the one that runs.
            return not _gives_up(handler.body)
    return False


def _names(node: n.Node) -> set[str]:
    return {each.name for each in n.walk(node) if isinstance(each, (n.Name, n.Attribute))}


def _gives_up(body: n.Block) -> bool:
    return any(
        isinstance(each, n.Raise)
        or (
            isinstance(each, n.Call)
            and isinstance(each.function, (n.Name, n.Attribute))
            and each.function.name in _GIVES_UP
        )
        for each in n.walk(body)
    )


def _expects_errors(run: Run, node: n.Expression) -> bool:
    """Whether a ``with`` is one of ``pytest.raises(…)``, ``self.assertRaises(…)`` or ``suppress(…)``."""
    if not isinstance(node, n.Call):
        return False
    function = node.function
    if isinstance(function, n.Attribute) and function.name in EXPECTING_METHODS:
        return True
    return any(
        isinstance(value, Reference) and value.dotted in EXPECTS_ERRORS for value in run.entered_with.get(node, ())
    )
