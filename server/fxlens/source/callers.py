"""The calls of the functions of a file: where their parameters get their values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fxlens.source.names import Parameter, is_static, parameters
from fxlens.source.tree import (
    Node,
    ancestors,
    arguments,
    children,
    definition_core,
    is_call,
    opens_with,
    parent,
    scope_of,
    statement_of,
    value,
    whole_statement,
)
from fxlens.source.worlds import CallSite

if TYPE_CHECKING:
    from fxlens.source.flow import Flow


UNPACKED = "**"
"""Stands among the arguments of a call for those that it unpacks."""


def call_sites(flow: Flow, function: Node) -> list[CallSite]:
    """The calls of ``function`` in its file; those of a class, if it is an ``__init__``."""
    name, skip = value(children(function)[1]), 0
    whole = whole_statement(function)
    outer = scope_of(whole)
    if outer.type == "classdef":
        skip = 0 if is_static(function) else 1
        if name == "__init__":
            name, whole = value(children(outer)[1]), whole_statement(outer)
    found: list[CallSite] = []
    if outer.type == "classdef" and whole is whole_statement(outer):
        found += _calls_by_subclasses(flow, function, outer)
        found += _calls_by_class_methods(flow, function, outer)
    for leaf in flow.document.occurrences(name):
        called = call_parts(leaf)
        if called is None or any(above is function for above in ancestors(leaf)):
            continue
        statement = statement_of(leaf)
        is_method = outer.type == "classdef" and whole is not whole_statement(outer)
        if is_method == (len(called[0]) == 1) or (not is_method and not _calls(flow, called[0], statement, whole)):
            continue
        found.append(CallSite(statement, bind_arguments(arguments(called[1]), parameters(function)[skip:])))
    return found


def _calls_by_subclasses(flow: Flow, function: Node, class_: Node) -> list[CallSite]:
    """The calls of an inherited ``__init__``: ``super().__init__(…)``, and of subclasses without one of their own."""
    found: list[CallSite] = []
    wanted = parameters(function)[1:]
    for leaf in flow.document.occurrences(value(children(class_)[1])):
        subclass = next((above for above in ancestors(leaf) if above.type == "classdef"), None)
        if subclass is None or subclass is class_ or scope_of(leaf) is subclass:
            continue
        own = [each for each in flow.document.occurrences("__init__") if _is_within(each, subclass)]
        for each in own:
            called = call_parts(each)
            if called is not None and value(called[0][0]) == "super":
                found.append(CallSite(statement_of(each), bind_arguments(arguments(called[1]), wanted)))
        for each in [] if own else flow.document.occurrences(value(children(subclass)[1])):
            called = call_parts(each)
            if called is not None and len(called[0]) == 1:
                found.append(CallSite(statement_of(each), bind_arguments(arguments(called[1]), wanted)))
    return found


def _calls_by_class_methods(flow: Flow, function: Node, class_: Node) -> list[CallSite]:
    """``cls(…)`` in the class methods of a class, as in ``from_name``."""
    found: list[CallSite] = []
    for leaf in flow.document.occurrences("classmethod"):
        method = definition_core(parent(parent(leaf))) if parent(leaf).type == "decorator" else leaf
        if method.type != "funcdef" or scope_of(whole_statement(method)) is not class_ or not parameters(method):
            continue
        for each in flow.document.occurrences(parameters(method)[0].name):
            called = call_parts(each)
            if called is not None and len(called[0]) == 1 and scope_of(each) is method:
                found.append(
                    CallSite(statement_of(each), bind_arguments(arguments(called[1]), parameters(function)[1:]))
                )
    return found


def _is_within(node: Node, outer: Node) -> bool:
    return any(above is outer for above in ancestors(node))


def _calls(flow: Flow, callee: list[Node], place: Node, definition: Node) -> bool:
    bindings = flow.reaching(value(callee[0]), place).bindings
    return any(binding.statement is definition for binding in bindings)


def bind_arguments(given: list[tuple[str, Node]], wanted: list[Parameter]) -> dict[str, Node]:
    """The arguments of a call by the names of the parameters that take them."""
    return bind_to_names(given, [param.name for param in wanted if not param.keyword_only and not param.stars])


def bind_to_names(given: list[tuple[str, Node]], by_position: Sequence[str]) -> dict[str, Node]:
    """The arguments of a call whose positional parameters are known; what is unpacked cannot be told."""
    bound: dict[str, Node] = {}
    position = 0
    for keyword, expression in given:
        if keyword in ("*", "**"):
            bound.setdefault(UNPACKED, expression)
        if keyword == "*":
            position = len(by_position)
        elif keyword and keyword != "**":
            bound.setdefault(keyword, expression)
        elif not keyword:
            if position < len(by_position):
                bound.setdefault(by_position[position], expression)
            position += 1
    return bound


def call_parts(leaf: Node) -> tuple[list[Node], Node] | None:
    """The chain that ends in the name ``leaf``, and the ``(…)`` that calls it."""
    above = parent(leaf)
    if above.type == "atom_expr":
        chain, last = above, leaf
    elif above.type == "trailer" and opens_with(above, "."):
        chain, last = parent(above), above
    else:
        return None
    parts = children(chain)
    at = next((index for index, part in enumerate(parts) if part is last), -1)
    if at < 0 or at + 1 >= len(parts) or not is_call(parts[at + 1]):
        return None
    return parts[: at + 1], parts[at + 1]
