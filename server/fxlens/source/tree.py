"""The syntax tree of a text: parso behind a few typed helpers, with incremental parsing per path.

Nothing outside this package sees a tree. parso's diff parser changes the earlier tree of the same path in place, so a
tree must not be used after the next :func:`parse` of its path.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterator
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

SCOPES = frozenset({"file_input", "funcdef", "classdef", "lambdef"})
COMPOUND = frozenset({"if_stmt", "for_stmt", "while_stmt", "try_stmt", "with_stmt"})


@lru_cache(maxsize=1)
def _grammar() -> Grammar[Module]:
    return cast("Grammar[Module]", load_grammar(version=_NEWEST_GRAMMAR))


def parse(text: str, key: str) -> Module:
    """The tree of ``text``, reusing what is unchanged since the last text parsed under the same ``key``."""
    path = _tree_path(key)
    try:
        module = _grammar().parse(text, path=path, diff_cache=True)
    except Exception as error:  # The diff parser asserts what it cannot guarantee; a full parse is always right.
        log.debug("incremental parse of %s failed (%r), parsing anew", key, error)
        _forget(key)
        module = _grammar().parse(text, path=path, diff_cache=True)
    _keep(key)
    return module


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


def children(node: Node) -> list[Node]:
    return node.children if isinstance(node, BaseNode) else []


def value(node: Node) -> str:
    """A leaf's text; ``""`` for inner nodes."""
    return str(node.value) if isinstance(node, Leaf) else ""


def parent(node: Node) -> Node:
    """The parent of ``node``, or the node itself for the module."""
    return node if node.parent is None else cast("Node", node.parent)


def ancestors(node: Node) -> Iterator[Node]:
    """The nodes above ``node``, innermost first."""
    above = node.parent
    while above is not None:
        yield cast("Node", above)
        above = above.parent


def leaves(node: Node) -> Iterator[Node]:
    stack = [node]
    while stack:
        top = stack.pop()
        if isinstance(top, BaseNode):
            stack.extend(reversed(top.children))
        else:
            yield top


def is_operator(node: Node, text: str) -> bool:
    return isinstance(node, Leaf) and node.value == text and node.type in ("operator", "keyword")


def opens_with(node: Node, text: str) -> bool:
    """Whether the first child of ``node`` is the operator or keyword ``text``."""
    parts = children(node)
    return bool(parts) and is_operator(parts[0], text)


def scope_of(node: Node) -> Node:
    """The function, class, lambda or module in which ``node`` is evaluated.

    A function's name, decorators, defaults and annotations belong to the scope around it.
    """
    below = node
    for above in ancestors(node):
        if above.type in SCOPES and _is_inside(above, below):
            return above
        below = above
    return below


def _is_inside(scope: Node, child: Node) -> bool:
    if scope.type == "file_input":
        return True
    if scope.type == "classdef":
        return child is children(scope)[-1]
    if scope.type == "lambdef":
        return child is children(scope)[-1]
    return child is children(scope)[-1]


def statement_of(node: Node) -> Node:
    """The innermost statement ``node`` stands in: a small statement, or the compound one whose header it is in."""
    below = node
    for above in ancestors(node):
        if above.type in ("simple_stmt", "suite", "file_input"):
            return below
        if above.type in COMPOUND or above.type in ("funcdef", "classdef", "decorated", "async_stmt"):
            if below.type in ("suite", "simple_stmt"):
                return below
            if above.type in ("funcdef", "classdef") and parent(above).type in (
                "decorated",
                "async_stmt",
                "async_funcdef",
            ):
                below = above
                continue
            return whole_statement(above)
        below = above
    return below


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


def arguments(trailer: Node) -> list[tuple[str, Node]]:
    """The arguments of a call's ``(…)`` trailer as ``(keyword, expression)``.

    ``keyword`` is ``""`` for positional arguments and ``"*"`` or ``"**"`` for unpacked ones.
    """
    inner = children(trailer)[1:-1]
    if not inner:
        return []
    items = children(inner[0]) if inner[0].type == "arglist" else inner
    found: list[tuple[str, Node]] = []
    for item in items:
        if is_operator(item, ","):
            continue
        parts = children(item) if item.type == "argument" else []
        if len(parts) == 3 and is_operator(parts[1], "="):
            found.append((value(parts[0]), parts[2]))
        elif len(parts) == 2 and value(parts[0]) in ("*", "**"):
            found.append((value(parts[0]), parts[1]))
        else:
            found.append(("", item))
    return found


def is_call(trailer: Node) -> bool:
    return trailer.type == "trailer" and opens_with(trailer, "(")


def unwrap(node: Node) -> Node:
    """``node`` without the parentheses around it."""
    while node.type == "atom" and opens_with(node, "(") and len(children(node)) == 3:
        inner = children(node)[1]
        if inner.type in ("testlist_comp", "yield_expr"):
            return node
        node = inner
    return node


def display_items(node: Node) -> list[Node]:
    """The items of a list or tuple display; none of a comprehension."""
    parts = children(node)
    if node.type in ("testlist", "testlist_star_expr"):
        return [item for item in parts if not is_operator(item, ",")]
    if node.type != "atom" or len(parts) != 3 or value(parts[0]) not in "([":
        return []
    inner = parts[1]
    if inner.type != "testlist_comp":
        return [inner]
    if children(inner)[-1].type in ("sync_comp_for", "comp_for"):
        return []
    return [item for item in children(inner) if not is_operator(item, ",")]
