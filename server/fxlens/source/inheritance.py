"""Attributes of a method's own object that a base class in another file sets.

Such a base class can be evaluated as it stands, for it does not contain the call: an object of it takes the place of
the method's own object. A base class in the same file is sliced instead, which needs less of its surroundings.
"""

from __future__ import annotations

from dataclasses import dataclass

from fxlens.source.callees import dotted_name
from fxlens.source.callers import call_parts
from fxlens.source.flow import Flow
from fxlens.source.names import bases
from fxlens.source.tree import (
    Node,
    ancestors,
    children,
    definition_core,
    leaves,
    scope_of,
    statement_of,
    value,
    whole_statement,
)


@dataclass(frozen=True)
class Inherited:
    """The base class ``base`` of ``class_``, which sets what is asked for, and how ``class_`` initialises it.

    ``given`` is the ``(…)`` of ``super().__init__(…)``; nothing where the class leaves ``__init__`` to its base.
    """

    class_: Node
    base: Node
    given: Node | None


def inherited(flow: Flow, scope: Node, attribute: str) -> Inherited | None:
    """Where ``attribute`` of the own object of ``scope`` comes from, if a base class in another file sets it."""
    method = flow.method_of(scope)
    if method is None or flow.project is None:
        return None
    for class_ in flow.with_bases(scope_of(whole_statement(method))):
        for base in bases(class_):
            chain = [base] if base.type == "name" else children(base)
            dotted = dotted_name(flow, chain, whole_statement(class_))
            found = flow.project.definition(flow.document.path, dotted) if dotted else None
            if found is not None and not isinstance(found, str) and _may_set(definition_core(found), attribute):
                return Inherited(class_, base, _given_to_base(flow, class_))
    return None


def _may_set(class_: Node, attribute: str) -> bool:
    return class_.type == "classdef" and any(value(leaf) == attribute for leaf in leaves(class_))


def _given_to_base(flow: Flow, class_: Node) -> Node | None:
    for leaf in flow.document.occurrences("__init__"):
        called = call_parts(leaf)
        if called is None or value(called[0][0]) != "super":
            continue
        method = flow.method_of(scope_of(statement_of(leaf)))
        if method is not None and any(above is class_ for above in ancestors(method)):
            return called[1]
    return None
