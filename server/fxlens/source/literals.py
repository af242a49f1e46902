"""The parts of displays, loops and attribute chains that hold names."""

from __future__ import annotations

import itertools

from fxlens.source.tree import Node, arguments, children, display_items, is_call, is_operator, unwrap, value


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


def separate_strings(node: Node) -> list[Node]:
    """Strings on lines of their own, taken for items whose comma is still missing.

    Python joins them; but a name that is split over lines where it would have fitted on one is a rarity, and a new key
    above the next one is what every edited dict looks like for a moment.
    """
    parts = children(node)
    if node.type != "strings" or any(part.type != "string" for part in parts):
        return [node]
    own_lines = all(
        before.end_pos[0] < after.start_pos[0] and before.end_pos[1] <= _SPLIT_COLUMN
        for before, after in itertools.pairwise(parts)
    )
    return parts if own_lines else [node]


_SPLIT_COLUMN = 60


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
