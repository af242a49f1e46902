"""Which definitions reach a place: flow-sensitive within a scope, by the nesting of blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from fxlens.source import constants
from fxlens.source.document import Document
from fxlens.source.names import Key, Occurrence, Parameter, classify, parameters
from fxlens.source.tree import (
    COMPOUND,
    Node,
    ancestors,
    children,
    is_operator,
    opens_with,
    parent,
    scope_of,
    value,
    whole_statement,
)

Chain: TypeAlias = list[tuple[Node, int]]
"""The blocks around a statement, outermost first: each compound statement, and which child of it is the block."""

Choices: TypeAlias = dict[tuple[int, int], int]
"""Which arm is taken of the ``if`` at a position."""


@dataclass
class Reaching:
    """The bindings of a key that reach a place, last first, and the changes made to its value on the way there.

    ``complete`` says that one of the bindings is made on every way to the place.
    """

    bindings: list[Occurrence] = field(default_factory=list)
    changes: list[Occurrence] = field(default_factory=list)
    complete: bool = False
    scope: Node | None = None
    parameter: Parameter | None = None


class Flow:
    """Looks definitions up in one document, under ``choices`` for arms of ``if`` statements."""

    def __init__(self, document: Document, choices: Choices | None = None) -> None:
        self.document = document
        self.choices = choices or {}
        self._arms: dict[int, int | None] = {}

    # Scopes

    def self_name(self, scope: Node) -> str:
        """What the method around ``scope`` calls its own object, or ``""`` outside of methods."""
        method = self.method_of(scope)
        if method is None:
            return ""
        first = parameters(method)[:1]
        return first[0].name if first else ""

    def method_of(self, scope: Node) -> Node | None:
        """The method that ``scope`` is, or is nested in."""
        while scope.type in ("funcdef", "lambdef"):
            outer = scope_of(whole_statement(scope))
            if outer.type == "classdef" and scope.type == "funcdef":
                return None if _is_static(scope) else scope
            scope = outer
        return None

    # Definitions

    def reaching(self, key: Key, place: Node) -> Reaching:
        """What ``key`` means at the statement ``place``, in the innermost scope that defines it."""
        return self.reaching_in(key, scope_of(place), place)

    def reaching_in(self, key: Key, scope: Node, before: Node | None) -> Reaching:
        """What ``key`` means in ``scope`` before the statement ``before``; at the scope's end without one."""
        root, _, attribute = key.partition(".")
        while True:
            found = self._in_scope(key, before, scope)
            if found.bindings or found.parameter or scope.type == "file_input":
                return found
            if attribute and root in {param.name for param in _parameters(scope)}:
                return found
            scope, before = self._outer_scope(scope), None

    def _outer_scope(self, scope: Node) -> Node:
        outer = scope_of(whole_statement(scope))
        while outer.type == "classdef":
            outer = scope_of(whole_statement(outer))
        return outer

    def _in_scope(self, key: Key, place: Node | None, scope: Node) -> Reaching:
        found = Reaching(scope=scope)
        if scope.type != "lambdef":
            self._collect(found, key, place, scope)
        if not found.complete and "." not in key:
            found.parameter = next((param for param in _parameters(scope) if param.name == key), None)
        return found

    def _collect(self, found: Reaching, key: Key, place: Node | None, scope: Node) -> None:
        chain = self.chain(place, scope) if place is not None else []
        covered: dict[int, set[int]] = {}
        guarded: list[Occurrence] = []
        for occurrence in self._backwards(key, place, scope):
            if occurrence.action in ("read",):
                continue
            own = self.chain(occurrence.statement, scope)
            if not self._can_reach(own, chain):
                continue
            if place is None and occurrence.action == "bind" and _is_main_guarded(own):
                guarded.append(occurrence)
                continue
            if occurrence.action != "bind":
                found.changes.append(occurrence)
                continue
            found.bindings.append(occurrence)
            if self._is_passed(own, chain, covered) and not _adds_submodule(occurrence):
                found.complete = True
                return
        if not found.bindings:
            found.bindings = guarded

    def _backwards(self, key: Key, place: Node | None, scope: Node) -> Iterator[Occurrence]:
        for node, extended in reversed(self.places_of(key)):
            if place is not None and node.start_pos >= place.start_pos:
                continue
            occurrence = classify(node, extended)
            if occurrence.kind in ("function", "class"):
                occurrence = Occurrence(
                    node, whole_statement(parent(node)), "bind", occurrence.kind, whole_statement(parent(node))
                )
            if scope_of(occurrence.statement) is not scope or _is_inner(node, scope):
                continue
            if place is not None and occurrence.statement is place and occurrence.kind != "walrus":
                continue
            yield occurrence

    def places_of(self, key: Key) -> list[tuple[Node, bool]]:
        """Where ``key`` stands as a root, in source order, and whether attributes or indices follow it."""
        root, _, attribute = key.partition(".")
        found: list[tuple[Node, bool]] = []
        for leaf in self.document.occurrences(attribute or root):
            above = parent(leaf)
            if attribute:
                chain = parent(above)
                if above.type != "trailer" or chain.type != "atom_expr":
                    continue
                parts = children(chain)
                if value(parts[0]) == root and parts[1] is above and opens_with(above, "."):
                    found.append((chain, len(parts) > 2))
                continue
            if above.type == "trailer" and opens_with(above, "."):
                continue
            if above.type == "argument" and is_operator(children(above)[1], "=") and children(above)[0] is leaf:
                continue
            if above.type in ("param", "tfpdef"):
                continue
            if above.type == "atom_expr" and children(above)[0] is leaf:
                found.append((above, True))
            else:
                found.append((leaf, False))
        return found

    # Blocks

    def chain(self, statement: Node, scope: Node) -> Chain:
        found: Chain = []
        below = statement
        for above in ancestors(statement):
            if above.type in COMPOUND:
                index = next(at for at, part in enumerate(children(above)) if part is below)
                if is_operator(children(above)[index - 1], ":"):
                    found.append((above, index))
            if above is scope:
                break
            below = above
        return found[::-1]

    def _can_reach(self, own: Chain, chain: Chain) -> bool:
        for (compound, arm), (other, other_arm) in zip(own, chain, strict=False):
            if compound is not other:
                break
            if arm != other_arm:
                return compound.type != "if_stmt" and not (compound.type == "try_stmt" and arm > _BODY)
        shared = _shared(own, chain)
        return all(compound.type != "if_stmt" or self.arm(compound) in (None, arm) for compound, arm in own[shared:])

    def _is_passed(self, own: Chain, chain: Chain, covered: dict[int, set[int]]) -> bool:
        """Whether every way to the place leads through the end of the block ``own``."""
        shared = _shared(own, chain)
        for depth in range(len(own) - 1, shared - 1, -1):
            compound, arm = own[depth]
            if compound.type == "with_stmt" or (compound.type == "try_stmt" and arm == _BODY):
                continue
            if compound.type != "if_stmt":
                return False
            if self.arm(compound) == arm:
                continue
            covered.setdefault(id(compound), set()).add(arm)
            if covered[id(compound)] != set(arms(compound)) or not has_else(compound):
                return False
        return True

    def arm(self, if_statement: Node) -> int | None:
        """The arm that is taken of an ``if``: as chosen, or as its conditions plainly say."""
        chosen = self.choices.get(if_statement.start_pos)
        if chosen is not None:
            return chosen
        if _names_main(if_statement):
            return arms(if_statement)[0]  # A call in there is made when the file is run.
        known = self._arms.get(id(if_statement), -1)
        if known == -1:
            self._arms[id(if_statement)] = None  # While it is being found out: not known.
            known = self._arms[id(if_statement)] = self._known_arm(if_statement)
        return known

    def _known_arm(self, if_statement: Node) -> int | None:
        for condition, arm in conditions(if_statement):
            truth = True if condition is None else constants.truth(self, condition)
            if truth is None:
                return None
            if truth:
                return arm
        return NO_ARM


_BODY = 2
NO_ARM = -2
"""The arm of an ``if`` none of whose blocks is entered."""


def _shared(own: Chain, chain: Chain) -> int:
    count = 0
    for (compound, arm), (other, other_arm) in zip(own, chain, strict=False):
        if compound is not other or arm != other_arm:
            break
        count += 1
    return count


def arms(if_statement: Node) -> list[int]:
    parts = children(if_statement)
    return [at + 1 for at, part in enumerate(parts[:-1]) if is_operator(part, ":")]


def conditions(if_statement: Node) -> list[tuple[Node | None, int]]:
    """The conditions of an ``if`` with their arms, in order; ``None`` stands for ``else``."""
    parts = children(if_statement)
    found: list[tuple[Node | None, int]] = []
    for arm in arms(if_statement):
        before = parts[arm - 2]
        found.append((None if is_operator(before, "else") else before, arm))
    return found


def has_else(if_statement: Node) -> bool:
    return conditions(if_statement)[-1][0] is None


def _parameters(scope: Node) -> list[Parameter]:
    return parameters(scope) if scope.type in ("funcdef", "lambdef") else []


def _is_inner(node: Node, scope: Node) -> bool:
    """Whether ``node`` belongs to a lambda or a comprehension inside its statement."""
    for above in ancestors(node):
        if above is scope:
            return False
        if above.type in ("sync_comp_for", "comp_for"):
            return True
    return False


def _is_static(function: Node) -> bool:
    above = parent(function)
    if above.type != "decorated":
        return False
    return any(value(leaf) == "staticmethod" for leaf in _names_of(children(above)[0]))


def _names_of(node: Node) -> Iterator[Node]:
    parts = children(node)
    if not parts:
        yield node
    for part in parts:
        yield from _names_of(part)


def _is_main_guarded(chain: Chain) -> bool:
    return any(compound.type == "if_stmt" and _names_main(compound) for compound, _ in chain)


def _names_main(if_statement: Node) -> bool:
    condition = children(if_statement)[1]
    return condition.type == "comparison" and any(value(leaf) == "__name__" for leaf in children(condition))


def _adds_submodule(occurrence: Occurrence) -> bool:
    """Whether a binding adds to an earlier one: after ``import a.b``, ``import a.c`` makes both reachable."""
    return occurrence.kind == "import" and parent(occurrence.node).type == "dotted_name"
