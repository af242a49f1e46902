"""Whether a round of a loop comes to a statement in it: ``if`` around it, and ``continue`` and ``break`` before it."""

from __future__ import annotations

from fxlens.source.branches import Chain, conditions
from fxlens.source.flow import Flow
from fxlens.source.tree import Node, ancestors, children, definition_core, is_operator, leaves, value

_LEAVES = frozenset({"continue", "break", "return", "raise"})
_LOOPS = frozenset({"for_stmt", "while_stmt"})


def comes_to(flow: Flow, statement: Node, chain: Chain) -> bool | None:
    """Whether the round that is bound at present comes to ``statement``; ``None`` where only a run can tell.

    ``chain`` are the blocks around the statement from the loop inwards, as :meth:`Flow.chain` gives them.
    """
    answer: bool | None = True
    inner = [compound for compound, _ in chain[1:]] + [statement]
    for (compound, arm), below in zip(chain, inner, strict=True):
        if compound.type == "if_stmt":
            taken = flow.arm(compound)
            if taken not in (arm, None):
                return False
            answer = answer if taken == arm else None
        gone = _leaves_before(flow, children(compound)[arm], below)
        if gone:
            return False
        answer = None if gone is None else answer
    return answer


def deciding_before(place: Node, scope: Node) -> list[Node]:
    """The ``if`` statements before ``place`` in the blocks around it that may leave ``scope``, or the round."""
    found: list[Node] = []
    below = place
    for block in ancestors(place):
        earlier = [each for each in children(block) if each.type == "if_stmt" and each.start_pos < below.start_pos]
        found += [each for each in earlier if _has_leaving_arm(each)]
        if block is scope:
            break
        below = block
    return found


def _has_leaving_arm(if_statement: Node) -> bool:
    return any(_leaves_for_sure(children(if_statement)[arm]) for _, arm in conditions(if_statement))


def _leaves_before(flow: Flow, block: Node, statement: Node) -> bool | None:
    """Whether the round is left in ``block`` before ``statement``."""
    answer: bool | None = False
    for earlier in children(block):
        if earlier.start_pos >= statement.start_pos:
            break
        core = definition_core(earlier)
        if core.type in ("funcdef", "classdef") or not _may_leave(core):
            continue
        taken = flow.arm(core) if core.type == "if_stmt" else None
        arm = children(core)[taken] if taken is not None and taken >= 0 else None
        if taken is not None and (arm is None or not _may_leave(arm)):
            continue
        if arm is not None and _leaves_for_sure(arm):
            return True
        answer = None
    return answer


def _may_leave(node: Node) -> bool:
    own = _LEAVES - {"continue", "break"} if node.type in _LOOPS else _LEAVES
    return any(leaf.type == "keyword" and value(leaf) in own for leaf in leaves(node))


def _leaves_for_sure(block: Node) -> bool:
    """Whether one of the block's own statements leaves the round."""
    for statement in children(block) if block.type == "suite" else [block]:
        first = next(iter(leaves(statement)))
        if statement.type == "simple_stmt" and any(is_operator(first, word) for word in _LEAVES):
            return True
    return False
