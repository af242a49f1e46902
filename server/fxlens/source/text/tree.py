"""The syntax tree of a text: parso behind a few typed helpers, with incremental parsing per path.

Nothing but this floor and the lowering sees a tree. parso's diff parser changes the earlier tree of the same path in
place, so a tree must not be used after the next :func:`parse` of its path.
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections import OrderedDict
from functools import lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING, TypeAlias, cast

from parso.cache import parser_cache
from parso.grammar import Grammar, load_grammar
from parso.tree import BaseNode, Leaf, NodeOrLeaf

if TYPE_CHECKING:
    from parso.python.tree import Module

Node: TypeAlias = NodeOrLeaf

log = logging.getLogger(__name__)

_NEWEST_GRAMMAR = "3.14"
"""The newest grammar of the parso we require; parso itself falls back to it for later versions.

Chosen whatever Python we run on: the server may run on 3.10 while the file is written for 3.14.
"""

_KEPT_TREES = 16
_kept: OrderedDict[str, None] = OrderedDict()


@lru_cache(maxsize=1)
def _grammar() -> Grammar[Module]:
    return cast("Grammar[Module]", load_grammar(version=_NEWEST_GRAMMAR))


def parse(text: str, key: str) -> Module:
    """The tree of ``text``, reusing what is unchanged since the last text parsed under the same ``key``."""
    path = _tree_path(key)
    try:
        module = _grammar().parse(text, path=path, diff_cache=True)
    except Exception as error:  # The diff parser asserts what it cannot guarantee; a full parse is always right.
        log.debug("incremental parse of %s failed (%r), parsing again", key, error)
        _forget(key)
        module = _grammar().parse(text, path=path, diff_cache=True)
    _keep(key)
    return module


def parse_part(text: str, first_line: int) -> list[Node]:
    """The top-level nodes of a part of a text, with positions in the whole of it; the part begins in ``first_line``."""
    module = _grammar().parse(text)
    stack: list[Node] = [module]
    while stack:
        node = stack.pop()
        if isinstance(node, BaseNode):
            stack += node.children
        else:
            leaf = cast("Leaf", node)
            leaf.line += first_line - 1
    return module.children


def _tree_path(key: str) -> PurePath:
    # Not the file's own path: parso asks the file system for the modification time of what it is given.
    return PurePath("fxlens-tree:", key)


def _keep(key: str) -> None:
    _kept[key] = None
    _kept.move_to_end(key)
    while len(_kept) > _KEPT_TREES:
        oldest, _ = _kept.popitem(last=False)
        _forget(oldest)


def _forget(key: str) -> None:
    for trees in parser_cache.values():
        trees.pop(_tree_path(key), None)


def leaf_at(nodes: list[Node], position: tuple[int, int]) -> Leaf | None:
    """The leaf below ``nodes`` that covers ``position``; nothing where a comment or white space stands."""
    node: Node | None = None
    # parso's own search compares ends, which it has to compute; starts are at hand.
    while nodes:
        at = bisect_right(nodes, position, key=_start) - 1
        if at < 0:
            return None
        node = nodes[at]
        nodes = children(node)
    return node if isinstance(node, Leaf) and position < node.end_pos else None


def _start(node: Node) -> tuple[int, int]:
    return node.start_pos


def children(node: Node) -> list[Node]:
    return node.children if isinstance(node, BaseNode) else []


def value(node: Node) -> str:
    """A leaf's text; ``""`` for inner nodes."""
    return str(node.value) if isinstance(node, Leaf) else ""


def parent(node: Node) -> Node:
    """The parent of ``node``, or the node itself for the module."""
    return node if node.parent is None else cast("Node", node.parent)


def is_operator(node: Node, text: str) -> bool:
    return isinstance(node, Leaf) and node.value == text and node.type in ("operator", "keyword")


def whole_statement(node: Node) -> Node:
    """``node`` with its decorators and its ``async``."""
    while parent(node).type in ("decorated", "async_stmt", "async_funcdef") and parent(node) is not node:
        node = parent(node)
    return node


def definition_core(statement: Node) -> Node:
    """The ``funcdef``, ``classdef`` or compound statement inside decorators and ``async``."""
    while statement.type in ("decorated", "async_stmt", "async_funcdef"):
        statement = children(statement)[-1]
    return statement
