"""Which definitions reach a place: flow-sensitive within a scope, by the nesting of blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from fxlens.source import constants, lookup
from fxlens.source.branches import (
    BODY,
    NO_ARM,
    Chain,
    arms,
    conditions,
    has_else,
    is_main_guarded,
    names_main,
    shared_depth,
)
from fxlens.source.callers import UNPACKED, call_sites
from fxlens.source.document import Document
from fxlens.source.literals import Item
from fxlens.source.names import Key, Occurrence, Parameter, bases, classify, is_static, parameters
from fxlens.source.rounds import Rounds
from fxlens.source.tree import (
    COMPOUND,
    Node,
    ancestors,
    children,
    definition_core,
    is_operator,
    parent,
    scope_of,
    value,
    whole_statement,
)
from fxlens.source.uses import key_at, may_change
from fxlens.source.worlds import CallSite, Undecided, World

if TYPE_CHECKING:
    from fxlens.source.project import Project

_MAX_CALLERS = 3
_MAX_ROUNDS = 12
_MAX_CALL_SITES = 8


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


class Flow(Rounds):
    """Looks definitions up in one document, in one world; without a world, nothing undecided is assumed."""

    def __init__(self, document: Document, world: World | None = None, project: Project | None = None) -> None:
        super().__init__(world)
        self.project = project
        self.document = document
        self.assumes_defaults = False
        """Whether a parameter that no caller gives is what its default value says."""
        self._arms: dict[int, int | None] = {}
        self._deciding: set[int] = set()

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
                return None if is_static(scope) else scope
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
                return self._attribute_of_class(attribute, scope) or found
            scope, before = self._outer_scope(scope), None

    def _attribute_of_class(self, attribute: str, scope: Node) -> Reaching | None:
        """What an attribute of the own object is, set elsewhere in the class: ``__init__`` first, then as it stands."""
        method = self.method_of(scope)
        if method is None:
            return None
        for class_ in self.with_bases(scope_of(whole_statement(method))):
            body = children(class_)[-1]
            methods = [
                core for core in map(definition_core, children(body)) if core.type == "funcdef" and core is not scope
            ]
            methods.sort(key=lambda core: value(children(core)[1]) != "__init__")
            for other in methods:
                own_name = self.self_name(other)
                found = self._in_scope(f"{own_name}.{attribute}", None, other) if own_name else Reaching()
                if found.bindings:
                    return found
            found = self._in_scope(attribute, None, class_)
            if found.bindings:
                return found
        return None

    def with_bases(self, class_: Node) -> list[Node]:
        """A class and its base classes in this file, in the order in which attributes are looked for, nearly."""
        found = [class_]
        for each in found:
            for base in bases(each):
                reached = self.reaching(value(base), whole_statement(each)).bindings if base.type == "name" else []
                cores = [definition_core(one.statement) for one in reached if one.kind == "class"]
                found += [core for core in cores[:1] if core not in found]
        return found

    def is_overridden(self, class_: Node, attribute: str) -> bool:
        """Whether a subclass in this file gives a class's attribute another value."""
        if class_.type != "classdef":
            return False
        classes = [next(ancestors(leaf)) for leaf in self.document.occurrences("class")]
        others = [other for other in classes if other.type == "classdef" and class_ in self.with_bases(other)[1:]]
        return any(self._in_scope(attribute, None, other).bindings for other in others)

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
            own = self.chain(occurrence.statement, scope)
            if not self._can_reach(own, chain):
                continue
            if place is None and occurrence.action == "bind" and is_main_guarded(own):
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
        for occurrence in self.changes_of(key, scope):
            if place is None or (
                occurrence.node.start_pos < place.start_pos
                and (occurrence.statement is not place or occurrence.kind == "walrus")
            ):
                yield occurrence

    def changes_of(self, key: Key, scope: Node) -> list[Occurrence]:
        """Where ``key`` is bound or changed in ``scope``, last first."""
        known = self.document.changes.get((key, id(scope)))
        if known is None:
            known = self.document.changes[key, id(scope)] = list(self._find_changes(key, scope))
        return known

    def _find_changes(self, key: Key, scope: Node) -> Iterator[Occurrence]:
        document = self.document
        root, _, attribute = key.partition(".")
        for offset in document.places_in(scope, attribute or root):
            if not attribute and not may_change(document, offset, offset + len(root)):
                continue
            leaf = document.name_at(offset, attribute or root)
            found = key_at(leaf, root, bool(attribute)) if leaf is not None else None
            if found is None:
                continue
            occurrence = classify(*found)
            if occurrence.kind in ("function", "class"):
                whole = whole_statement(parent(occurrence.node))
                occurrence = Occurrence(occurrence.node, whole, "bind", occurrence.kind, whole)
            if (
                occurrence.action != "read"
                and scope_of(occurrence.statement) is scope
                and not _is_inner(occurrence.node, scope)
            ):
                yield occurrence

    # Callers

    def caller(self, scope: Node) -> CallSite | None:
        """From where the function ``scope`` is called in this world; ``None`` if from nowhere in this file.

        Raises:
            Undecided: this world does not say.
        """
        if self.world is None or scope.type != "funcdef":
            return None
        sites = self.call_sites(scope)
        if not sites:
            return None
        if scope.start_pos not in self.world.callers:
            if len(self.world.callers) >= _MAX_CALLERS:
                return None
            worlds: list[int | None] = [None, *range(len(sites))]
            raise Undecided(
                [replace(self.world, callers={**self.world.callers, scope.start_pos: index}) for index in worlds]
            )
        index = self.world.callers[scope.start_pos]
        return sites[index] if index is not None else None

    def call_sites(self, function: Node) -> list[CallSite]:
        """The calls of ``function`` in this file, and in the workspace's others."""
        known = self.document.call_sites.get(id(function))
        if known is None:
            known = call_sites(self, function)
            if self.project is not None:
                known += self.project.sites(self, function)
            known = self.document.call_sites[id(function)] = known[:_MAX_CALL_SITES]
        return known

    @property
    def searched(self) -> str:
        """Where callers were looked for, in words."""
        return "this file" if self.project is None else "the workspace"

    def argument(self, scope: Node, parameter: Parameter) -> tuple[Node, Node, Flow] | None:
        """What the caller gives ``parameter``: the expression, the statement it is evaluated at, and in which flow."""
        site = self.caller(scope)
        expression = site.arguments.get(parameter.name) if site is not None else None
        if site is None or expression is None:
            return None
        beyond = self.world.beyond if self.world is not None else None
        flow = self if site.document is None else Flow(site.document, beyond or World(), self.project)
        return expression, site.statement, flow

    def default_of(self, scope: Node, parameter: Parameter) -> Node | None:
        """The default value of ``parameter`` where the caller plainly gives it none.

        A default value is not all that a parameter may be: without such a caller it counts only if it is assumed to.
        """
        site = self.caller(scope)
        if self.assumes_defaults and site is None:
            given = [{parameter.name, UNPACKED} & each.arguments.keys() for each in self.call_sites(scope)]
            return parameter.default if not given or not all(given) else None
        left_out = site is not None and not {parameter.name, UNPACKED} & site.arguments.keys()
        return parameter.default if left_out else None

    # Blocks

    def chain(self, statement: Node, scope: Node) -> Chain:
        found: Chain = []
        below = statement
        for above in ancestors(statement):
            if above.type in COMPOUND:
                index = next(at for at, part in enumerate(children(above)) if part is below)
                if is_operator(children(above)[index - 1], ":") and not self._is_match(above):
                    found.append((above, index))
            if above is scope:
                break
            below = above
        return found[::-1]

    def resolved(self, parts: list[Node]) -> Node | None:
        """The expression whose value a chain of names, own attributes and indices is, if it is just one."""
        return lookup.resolved(self, parts)

    def rounds(self, loop: Node) -> list[Item]:
        """The items that a ``for`` goes through, if they are known and few enough to tell them apart."""
        items = lookup.items(self, children(loop)[3]) or []
        return items if len(items) <= _MAX_ROUNDS else []

    def loop_item(self, occurrence: Occurrence) -> Item | None:
        """What the name at ``occurrence``, which a ``for`` binds, is in the round of this world or of this moment."""
        if id(occurrence.node) in self.bound:
            return self.bound[id(occurrence.node)]
        chosen = self.round_of(occurrence.statement)
        if chosen is None:
            return None
        bound = lookup.bound_items(self, children(occurrence.statement)[1], self.rounds(occurrence.statement)[chosen])
        return bound.get(id(occurrence.node)) if bound is not None else None

    def match_subject(self, if_statement: Node) -> Node | None:
        """What is matched, if ``if_statement`` is really the cases of a ``match``. See the recovery module."""
        if not self.document.text.startswith("case", self.document.offset(if_statement.start_pos)):
            return None
        outer = next((above for above in ancestors(if_statement) if above.type == "while_stmt"), None)
        return children(outer)[1] if outer is not None else None

    def _is_match(self, compound: Node) -> bool:
        return compound.type == "while_stmt" and self.document.text.startswith(
            "match", self.document.offset(compound.start_pos)
        )

    def _can_reach(self, own: Chain, chain: Chain) -> bool:
        for (compound, arm), (other, other_arm) in zip(own, chain, strict=False):
            if compound is not other:
                break
            if arm != other_arm:
                return compound.type != "if_stmt" and not (compound.type == "try_stmt" and arm > BODY)
        common = shared_depth(own, chain)
        return all(compound.type != "if_stmt" or self.arm(compound) in (None, arm) for compound, arm in own[common:])

    def _is_passed(self, own: Chain, chain: Chain, covered: dict[int, set[int]]) -> bool:
        """Whether every way to the place leads through the end of the block ``own``."""
        common = shared_depth(own, chain)
        for depth in range(len(own) - 1, common - 1, -1):
            compound, arm = own[depth]
            if compound.type == "with_stmt" or (compound.type == "try_stmt" and arm == BODY):
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
        if self.world is not None and if_statement.start_pos in self.world.arms:
            return self.world.arms[if_statement.start_pos]
        if names_main(if_statement):
            return arms(if_statement)[0]  # A call in there is made when the file is run.
        key = id(if_statement)
        if key in self._deciding:
            return None
        if key in self._arms and not self.bound:  # Each round of a loop may take another arm.
            return self._arms[key]
        self._deciding.add(key)
        assumes, self.assumes_defaults = self.assumes_defaults, False
        known = self._known_arm(if_statement)
        self.assumes_defaults = assumes
        self._deciding.remove(key)
        if not self.bound:
            self._arms[key] = known
        return known

    def _known_arm(self, if_statement: Node) -> int | None:
        subject = self.match_subject(if_statement)
        for condition, arm in conditions(if_statement):
            if condition is None:
                truth: bool | None = True
            elif subject is not None:
                truth = constants.matches(self, subject, condition)
            else:
                truth = constants.truth(self, condition)
            if truth is None:
                return None
            if truth:
                return arm
        return NO_ARM


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


def _adds_submodule(occurrence: Occurrence) -> bool:
    """Whether a binding adds to an earlier one: after ``import a.b``, ``import a.c`` makes both reachable."""
    return occurrence.kind == "import" and parent(occurrence.node).type == "dotted_name"
