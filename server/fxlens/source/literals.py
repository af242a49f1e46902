"""The parts of displays, loops and attribute chains that hold names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from fxlens.source.names import parameters
from fxlens.source.tree import (
    Node,
    ancestors,
    arguments,
    children,
    display_items,
    is_call,
    is_operator,
    leaves,
    opens_with,
    unwrap,
    value,
)


@dataclass(frozen=True)
class Known:
    """An item that is not written as such: a number that ``range`` or ``enumerate`` counts."""

    value: object


Item: TypeAlias = "Node | Known | tuple[Item, ...]"
"""What one round of a loop goes through: an expression, a value, or several of them together."""


def comprehension_clauses(display: Node) -> list[Node]:
    """The ``for`` and ``if`` clauses of a comprehension in its brackets, outermost first; none of other displays."""
    parts = comprehension_parts(display)
    return _clauses(parts[-1]) if parts else []


def comprehension_parts(display: Node) -> list[Node]:
    """The element (with a ``:`` and a value, of a dict) and the clauses of a comprehension or a lone argument."""
    display = unwrap(display)
    parts = children(display)
    inner = parts if display.type == "argument" else children(parts[1]) if display.type == "atom" and parts[2:] else []
    return inner if inner and inner[-1].type in ("comp_for", "sync_comp_for") else []


def _clauses(node: Node) -> list[Node]:
    found: list[Node] = []
    while node.type in ("comp_for", "sync_comp_for", "comp_if"):
        if node.type != "comp_for":  # `async` and a clause.
            found.append(node)
        last = children(node)[-1]
        if last.type not in ("comp_for", "sync_comp_for", "comp_if"):
            break
        node = last
    return found


def inner_binding(name: Node) -> Node | None:
    """The leaf that binds ``name`` in a lambda or a comprehension around it, inside its statement."""
    below = name
    for above in ancestors(name):
        parts = children(above)
        if above.type in ("simple_stmt", "suite", "file_input"):
            return None
        bound: list[Node] = []
        if above.type == "lambdef" and below is parts[-1]:
            bound = [param.leaf for param in parameters(above)]
        elif above.type == "sync_comp_for" and below is not parts[3]:
            bound = list(leaves(parts[1]))
        elif below is not parts[-1]:
            loops = [clause for clause in element_clauses(above) if opens_with(clause, "for")]
            bound = [leaf for clause in loops for leaf in leaves(children(clause)[1])]
        found = [leaf for leaf in bound if value(leaf) == value(name)]
        if found:
            return found[-1]
        below = above
    return None


def element_clauses(node: Node) -> list[Node]:
    """The clauses of a comprehension whose element and clauses are the children of ``node``."""
    last = children(node)[-1]
    return _clauses(last) if last.type in ("comp_for", "sync_comp_for") and node.type not in _CLAUSES else []


_CLAUSES = frozenset({"comp_for", "sync_comp_for", "comp_if"})


def set_items(node: Node) -> list[Node]:
    """The items of a set display."""
    parts = children(node)
    if node.type != "atom" or len(parts) != 3 or not is_operator(parts[0], "{"):
        return []
    inner = children(parts[1]) if parts[1].type == "dictorsetmaker" else [parts[1]]
    plain = not any(value(part) in (":", "**") or part.type in _CLAUSES for part in inner)
    return [part for part in inner if not is_operator(part, ",")] if plain else []


def loop_pairs(target: Node, source: Node) -> list[tuple[str, Node]]:
    """Each name that a comprehension's ``for`` binds, and the expression whose items it goes through.

    Knows ``enumerate(…)``, ``zip(…)`` and ``….items()``; what counts or is a dict's value goes with no names.
    """
    if target.type == "name":
        return [(value(target), source)]
    names = [value(part) for part in children(target) if part.type == "name"]
    parts = children(source)
    if target.type != "exprlist" or source.type != "atom_expr" or not is_call(parts[-1]) or len(names) != 2:
        return []
    given = [expression for _, expression in arguments(parts[-1])]
    if value(parts[0]) == "enumerate" and len(parts) == 2 and given:
        return [(names[1], given[0])]
    if value(parts[0]) == "zip" and len(parts) == 2 and len(given) == 2:
        return list(zip(names, given, strict=True))
    if attribute(parts[-2]) == "items" and not given:
        return [(names[0], source)]
    return []


def item_bound(target: Node, name: Node, bound: Node) -> Node | None:
    """The part of the display ``bound`` that the target ``name`` gets where ``target`` unpacks it."""
    target, bound = unwrap(target), unwrap(bound)
    if target is name:
        return bound
    inner = children(target)
    if target.type == "atom" and len(inner) == 3:
        inner = children(inner[1]) if inner[1].type == "testlist_comp" else [inner[1]]
    targets = [part for part in inner if not is_operator(part, ",")]
    items = display_items(bound)
    if len(targets) != len(items) or any(part.type == "star_expr" for part in (*targets, *items)):
        return None
    for one, item in zip(targets, items, strict=True):
        found = item_bound(one, name, item)
        if found is not None:
            return found
    return None


def attribute(trailer: Node) -> str:
    inner = children(trailer)
    return value(inner[1]) if len(inner) == 2 and is_operator(inner[0], ".") else ""


def dict_pairs(node: Node) -> list[tuple[Node, Node]] | None:
    """The key and value expressions of a dict display."""
    node = unwrap(node)
    parts = children(node)
    if node.type != "atom" or len(parts) != 3 or not is_operator(parts[0], "{") or parts[1].type != "dictorsetmaker":
        return None
    items = children(parts[1])
    return [(items[at - 1], items[at + 1]) for at in range(1, len(items) - 1) if is_operator(items[at], ":")]
