"""The backward slice of an expression: the statements it depends on, and no others.

Works by demand: every name that is needed is looked up where it is needed, and what defines or changes it is included
and asks for its own names in turn. Statements about training, weights and devices change no graph and are left out.
"""

from __future__ import annotations

import builtins
from collections import deque
from dataclasses import dataclass, replace

from fxlens.hint_comment import HINT
from fxlens.source import effects
from fxlens.source.bindings import bind, is_namespace
from fxlens.source.branches import arm_worlds, header
from fxlens.source.callees import star_imports
from fxlens.source.flow import Flow
from fxlens.source.hints import ModelExpression
from fxlens.source.inheritance import inherited
from fxlens.source.library_changes import library_changes
from fxlens.source.model import Argument, Slice, SliceStatement, Unresolved
from fxlens.source.names import Key, Occurrence, Parameter, bound_around, reads
from fxlens.source.slice_order import Arrangement, SliceState
from fxlens.source.tree import (
    COMPOUND,
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
from fxlens.source.unfollowed import why_unknown
from fxlens.source.worlds import Undecided, World

_BUILTINS = frozenset(dir(builtins)) | {"__file__", "__name__", "__doc__", "__package__", "__spec__"}
_MAX_FOREIGN_WORLDS = 8
_PROPERTIES = frozenset({"property", "cached_property"})


@dataclass(frozen=True)
class _Demand:
    key: Key
    scope: Node
    before: Node | None
    user: Node
    soft: bool = False
    """Soft demands come from the bodies of functions: what they miss is missed when they run, if they do."""


class Slicer:
    """Slices expressions that are evaluated at the statement ``anchor``."""

    def __init__(self, flow: Flow, anchor: Node) -> None:
        self.flow = flow
        self.document = flow.document
        self.anchor = anchor
        self.state = SliceState()
        self._queue: deque[_Demand] = deque()
        self.caller: Slicer | None = None
        self.importable: tuple[str, ...] = ()
        """Dotted paths in a hint: what they begin with is imported if the file does not know it."""
        self._missing: set[str] = set()
        self._given: list[Node] = []
        self._around_anchor = {id(node) for node in ancestors(anchor)}

    def slice(self, model: ModelExpression, arguments: list[tuple[str, Node]]) -> Slice | Unresolved:
        """The slice of ``model`` and of the call's ``arguments``, or why there is none.

        Raises:
            Undecided: the slice differs between worlds.
        """
        for expression in (model.node, *(expression for _, expression in arguments)):
            for name in sorted(reads(expression) & bound_around(expression)):
                self._fail(f"`{name}` is bound by a lambda or a comprehension around the call.")
            self.demand_reads(expression, self.anchor, user=expression)
        if not self.state.problems:
            self.consider_libraries()
        if self.state.problems:
            return self.state.problems[0]
        return Slice(
            self.outermost.document.path,
            self.statements(),
            model.text,
            model.line,
            tuple(
                Argument(name, self.document.code(expression), expression.start_pos[0] - 1)
                for name, expression in arguments
            ),
        )

    @property
    def imports(self) -> tuple[str, ...]:
        """The dotted paths of the hint that begin with a name that the file does not know."""
        return tuple(path for path in self.importable if path.partition(".")[0] in self._missing)

    @property
    def outermost(self) -> Slicer:
        """The slicer of the file where the model comes from: its imports are resolved from there."""
        return self if self.caller is None else self.caller.outermost

    def includes_part_of(self, compound: Node) -> bool:
        """Whether the slice has a statement that stands in a block of ``compound``."""
        return any(
            any(above is compound for above, _ in self.flow.chain(statement, scope_of(statement)))
            for statement in self.state.included.values()
        )

    # Demands

    def demand_reads(self, node: Node, place: Node, user: Node, soft: bool = False) -> None:
        scope = scope_of(place)
        keys = reads(node, self.flow.self_name(scope))
        self._satisfy(deque(_Demand(key, scope, place, user, soft) for key in sorted(keys)))

    def _satisfy(self, queue: deque[_Demand]) -> None:
        self._queue, outer = queue, self._queue
        while queue:
            self._meet(queue.popleft())
        self._queue = outer

    def _meet(self, demand: _Demand) -> None:
        seen = (demand.key, id(demand.scope), demand.before.start_pos if demand.before else None)
        if seen in self.state.visited:
            return
        self.state.visited.add(seen)
        reaching = self.flow.reaching_in(demand.key, demand.scope, demand.before)
        for occurrence in reaching.bindings:
            self._include_binding(occurrence, demand)
        for change in reaching.changes:
            self._consider(change)
        if reaching.complete:
            return
        if reaching.parameter is not None and reaching.scope is not None:
            self._bind_parameter(reaching.scope, reaching.parameter, demand)
        elif not reaching.bindings:
            self._miss(demand)

    def _include_binding(self, occurrence: Occurrence, demand: _Demand) -> None:
        if occurrence.kind == "assign" and effects.keeps_structure(occurrence, demand.key):
            # `model = model.to(device)`: the model is the one that was there before.
            self._push(demand.key, occurrence.statement, demand.user, demand.soft)
            return
        if "." in demand.key and scope_of(occurrence.statement).type == "classdef":
            self._attach(occurrence, demand)
        self._include(occurrence.statement, demand.soft)

    def _attach(self, occurrence: Occurrence, demand: _Demand) -> None:
        """Put a method or an attribute of the class on the own object, which is an empty one in a slice."""
        own_name, _, attribute = demand.key.partition(".")
        method = self.flow.method_of(demand.scope)
        if method is None:
            return
        text = f"{own_name}.{attribute} = {attribute}"
        core = definition_core(occurrence.statement)
        if core.type == "funcdef":
            inner_name = self.flow.self_name(core)
            if inner_name and _is_property(occurrence.statement):
                text = f"type({own_name}).{attribute} = {attribute}"
            elif inner_name:
                text = f'{own_name}.{attribute} = __import__("functools").partial({attribute}, {own_name})'
            if inner_name:
                keys = {key for key in reads(children(core)[-1], inner_name) if key.startswith(f"{inner_name}.")}
                for key in sorted(keys):
                    own_key = f"{own_name}.{key.partition('.')[2]}"
                    self._queue.append(_Demand(own_key, demand.scope, demand.before, demand.user, soft=True))
        self.state.attached.setdefault(id(method), {})[attribute] = text

    def _push(self, key: Key, place: Node, user: Node, soft: bool) -> None:
        self._queue.append(_Demand(key, scope_of(place), place, user, soft))

    # Statements

    def _include(self, statement: Node, soft: bool) -> None:
        if id(statement) in self.state.included:
            return
        self.state.included[id(statement)] = statement
        self._include_blocks(statement, soft)
        scope = scope_of(statement)
        core = definition_core(statement)
        if core.type in ("funcdef", "classdef"):
            self._include_definition(statement, core, scope, soft)
        elif core.type in COMPOUND:
            self._choose_round(core)
            self._demand_header(core, soft)
        elif core.type not in ("import_name", "import_from"):
            self._demand(reads(core, self.flow.self_name(scope)), statement, core, soft)

    def _choose_round(self, loop: Node) -> None:
        """Go through the rounds of the loop that the call stands in, where they are written out."""
        if loop.type != "for_stmt" or id(loop) not in self._around_anchor or self.flow.world is None:
            return
        rounds = self.flow.rounds(loop)
        if len(rounds) > 1 and loop.start_pos not in self.flow.world.arms:
            world = self.flow.world
            raise Undecided([replace(world, arms={**world.arms, loop.start_pos: at}) for at in range(len(rounds))])

    def _demand(self, keys: set[Key], place: Node, user: Node, soft: bool) -> None:
        for key in sorted(keys):
            self._push(key, place, user, soft)

    def _include_definition(self, statement: Node, core: Node, scope: Node, soft: bool) -> None:
        everything = reads(statement, self.flow.self_name(scope))
        body = children(core)[-1]
        header: set[Key] = set()
        if core.type == "classdef":
            for part in children(core)[2:-1]:
                header |= reads(part)
        self._demand(header, statement, core, soft)
        # Names in bodies are looked up when the body runs, so at the anchor (or the end of the scope around it).
        before = self.anchor if scope_of(self.anchor) is scope else None
        for key in sorted(everything - header):
            self._queue.append(_Demand(key, scope, before, body, soft=True))

    def _include_blocks(self, statement: Node, soft: bool) -> None:
        kept = False
        for compound, _ in self.flow.chain(statement, scope_of(statement)):
            if not kept and id(compound) in self._around_anchor:
                continue
            if not kept and compound.type == "if_stmt" and self.flow.arm(compound) is not None:
                continue
            kept = True
            if id(compound) in self.state.included:
                continue
            if compound.type == "if_stmt":
                self._decide(compound)
            else:
                self._demand_header(compound, soft)

    def _decide(self, if_statement: Node) -> None:
        """Keep an ``if`` whose conditions can be evaluated; fork on one whose conditions cannot."""
        before = self.state.copy()
        is_match = self.flow.match_subject(if_statement) is not None
        if not is_match:
            self._satisfy(deque(self._header_demands(if_statement, soft=False)))
        if is_match or len(self.state.problems) > len(before.problems):
            self.state = before
            raise Undecided(arm_worlds(self.flow.world or World(), if_statement))

    def _demand_header(self, compound: Node, soft: bool) -> None:
        self._queue.extend(self._header_demands(compound, soft))

    def _header_demands(self, compound: Node, soft: bool) -> list[_Demand]:
        scope = scope_of(compound)
        found: list[_Demand] = []
        for part in header(compound):
            keys = reads(part, self.flow.self_name(scope))
            found += [_Demand(key, scope, compound, part, soft) for key in sorted(keys)]
        return found

    def _consider(self, change: Occurrence) -> None:
        """Include a statement that changes a value that is needed, if it changes graphs and can be evaluated."""
        if change.action == "alias":
            self._follow_alias(change)
            return
        if effects.changes_structure(self.flow, change):
            self._try(change.statement)

    def _try(self, statement: Node) -> None:
        """Include a statement if all that it needs is known."""
        if id(statement) in self.state.included:
            return
        before = self.state.copy()
        queue: deque[_Demand] = deque()
        self._queue, outer = queue, self._queue
        self._include(statement, soft=False)
        self._satisfy(queue)
        self._queue = outer
        if len(self.state.problems) > len(before.problems):
            # What it needs is not known: the model without the change is the nearest to the truth.
            self.state = before

    def consider_libraries(self) -> None:
        """Include what changes the libraries that the slice builds its model with."""
        for change in library_changes(self.flow, self.anchor, self.state.included.values()):
            self._try(change.statement)

    def _follow_alias(self, change: Occurrence) -> None:
        """Changes made through ``head = model.head``, or through ``for block in model.blocks``, change ``model``."""
        scope = scope_of(change.statement)
        before = self.anchor if scope_of(self.anchor) is scope else None
        for name in effects.aliases(change.statement):
            # First to last: a part may be replaced, and then its replacement changed.
            for found in reversed(self.flow.changes_of(name, scope)):
                statement = found.statement
                if found.action in ("bind", "read") or statement.start_pos <= change.statement.start_pos:
                    continue
                if before is not None and statement.start_pos >= before.start_pos:
                    continue
                later = self.flow.reaching(name, statement)
                if any(binding.statement is change.statement for binding in later.bindings):
                    self._consider(found)

    # What is not defined in the text

    def _bind_parameter(self, scope: Node, parameter: Parameter, demand: _Demand) -> None:
        names = self.state.bindings.setdefault(id(scope), {})
        known = names.get(parameter.name)
        if known is not None and not is_namespace(known[1]):
            return
        binding = bind(self.flow, scope, parameter, demand.user, demand.before)
        if binding is None:
            # Where there are callers, one that gives nothing is none that a run takes.
            if not demand.soft or self.flow.call_sites(scope):
                self._fail(
                    f"`{parameter.name}` is a parameter of `{_function_name(scope)}` without a default value, "
                    f"{why_unknown(self.flow, scope, parameter.name, 'says what it is')}."
                )
            return
        names[parameter.name] = (binding.line, binding.text)
        if binding.expression is None or binding.place is None:
            return
        if binding.place is scope:  # A default value: evaluated around the function.
            self._demand(reads(binding.expression), whole_statement(scope), binding.expression, demand.soft)
            return
        if binding.flow is not None and binding.flow is not self.flow:
            self._slice_caller(binding.flow, binding.place, binding.expression)
            return
        self._around_anchor |= {id(node) for node in ancestors(binding.place)}
        at = scope_of(binding.place)
        keys = reads(binding.expression, self.flow.self_name(at))
        self._demand(keys, binding.place, binding.expression, demand.soft)

    def _slice_caller(self, flow: Flow, place: Node, expression: Node) -> None:
        """Slice what a call in another file gives; of several possible worlds there, the first one with a caller."""
        self._given.append(expression)
        world = flow.world or World()
        for _ in range(_MAX_FOREIGN_WORLDS):
            self.caller = Slicer(Flow(flow.document, world, flow.project), place)
            try:
                for each in self._given:
                    self.caller.demand_reads(each, place, user=each)
            except Undecided as undecided:
                first = undecided.worlds[0]
                world = undecided.worlds[1] if len(first.callers) > len(world.callers) else first
                continue
            self.caller.consider_libraries()
            self.state.problems += self.caller.state.problems
            return
        self._fail("The model is built in too many ways by the callers of this function.")

    def _miss(self, demand: _Demand) -> None:
        if demand.soft:
            for statement in star_imports(self.flow):
                self._include(statement, soft=True)
            return
        root, _, attribute = demand.key.partition(".")
        if attribute and self._inherit(demand, attribute):
            return
        if attribute:
            self._fail(f"`{demand.key}` is not set in `__init__` of this class.")
        elif root in _BUILTINS:
            return
        elif self.flow.self_name(demand.scope) == root:
            self._fail(f"The model depends on the whole object `{root}`, which is not made here.")
        elif any(path.partition(".")[0] == root for path in self.importable):
            self._missing.add(root)
        elif stars := star_imports(self.flow):
            for statement in stars:
                self._include(statement, soft=False)
        else:
            self._fail(f"`{root}` is not defined in this file.")

    def _inherit(self, demand: _Demand, attribute: str) -> bool:
        """Make the own object by a base class from another file, if that sets ``attribute``."""
        found = inherited(self.flow, demand.scope, attribute)
        if found is None:
            return False
        given = self.document.code(found.given) if found.given is not None else "()"
        made_at = statement_of(found.given) if found.given is not None else None
        self.state.own_objects[id(found.class_)] = (self.document.code(found.base) + given, made_at)
        self._demand(reads(found.base), whole_statement(found.class_), found.base, demand.soft)
        if found.given is not None and made_at is not None:
            keys = reads(found.given, self.flow.self_name(scope_of(made_at)))
            self._demand(keys, made_at, found.given, demand.soft)
        return True

    def _fail(self, reason: str) -> None:
        self.state.problems.append(Unresolved(reason, HINT))

    # The outcome

    def statements(self) -> tuple[SliceStatement, ...]:
        """The included statements in the order in which they are to be evaluated."""
        called_from = self.caller.statements() if self.caller is not None else None
        return Arrangement(self.flow, self.anchor, self.state, self._around_anchor).statements(called_from)


def _is_property(statement: Node) -> bool:
    """Whether a method is one that is asked for without being called."""
    decorators = children(statement)[0] if statement.type == "decorated" else statement
    return decorators is not statement and any(value(leaf) in _PROPERTIES for leaf in leaves(decorators))


def _function_name(scope: Node) -> str:
    if scope.type != "funcdef":
        return "lambda"
    name = value(children(scope)[1])
    outer = scope_of(whole_statement(scope))
    return f"{value(children(outer)[1])}.{name}" if outer.type == "classdef" else name
