"""The arguments of an extraction call as they are written: what a check must know of them before anything runs."""

from __future__ import annotations

from collections.abc import Mapping

from fxlens.source.document import Document
from fxlens.source.flow import Flow
from fxlens.source.model import GivenArgument, Kind
from fxlens.source.tree import Node, children, is_operator, opens_with, parent, unwrap, value


def given_arguments(document: Document, given: Mapping[str, Node], place: Node) -> tuple[GivenArgument, ...]:
    """What the call is given, in the order of its parameters."""
    flow = Flow(document)
    found = []
    for name, node in given.items():
        above = parent(node)
        keyword = above.type == "argument" and len(children(above)) == 3
        whole = document.span(above if keyword else node)
        found.append(GivenArgument(name, keyword, _kind(flow, node, place), document.span(node), whole))
    return tuple(found)


def _kind(flow: Flow, node: Node, place: Node) -> Kind:
    """What kind of value ``node`` is for certain; a name counts if one plain assignment reaches the call."""
    if node.type != "name":
        return display_kind(node)
    reaching = flow.reaching(value(node), place)
    if len(reaching.bindings) != 1 or reaching.changes or not reaching.complete or reaching.parameter is not None:
        return "other"
    (binding,) = reaching.bindings
    return display_kind(binding.value) if binding.kind == "assign" and binding.value is not None else "other"


def display_kind(node: Node) -> Kind:
    """The kind of a literal, a display or a call of a container's class."""
    node = unwrap(node)
    parts = children(node)
    if node.type in ("string", "strings", "fstring"):
        return "string"
    if node.type in ("testlist", "testlist_star_expr"):
        return "tuple"
    if is_operator(node, "None"):
        return "none"
    if node.type == "atom" and len(parts) >= 2:
        if opens_with(node, "["):
            return "list"
        if opens_with(node, "{"):
            return "set" if _is_set(parts[1]) else "dict"
        if opens_with(node, "("):
            inner = parts[1]
            generator = inner.type == "testlist_comp" and children(inner)[-1].type in ("sync_comp_for", "comp_for")
            return "other" if generator else "tuple"
    return "other"


def _is_set(inner: Node) -> bool:
    if is_operator(inner, "}"):
        return False
    if inner.type != "dictorsetmaker":
        return True
    return not any(is_operator(part, ":") or is_operator(part, "**") for part in children(inner))
