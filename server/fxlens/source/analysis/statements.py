"""What statements do to memory, and on which paths a program goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fxlens.source.analysis.events import Activity, Block, Event, Loop, Read
from fxlens.source.analysis.expressions import Expressions
from fxlens.source.analysis.machine import Given
from fxlens.source.analysis.state import Binding, State
from fxlens.source.library import comparisons, python
from fxlens.source.library.torch import ENVIRONMENT, structural_attribute
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    ALWAYS,
    TRUTHY,
    Alternatives,
    ClassValue,
    Condition,
    Const,
    FunctionValue,
    Item,
    Literal,
    Location,
    Method,
    ModuleValue,
    Reference,
    Subject,
    Unknown,
    certain,
    conjunction,
    joined,
    under,
)

MOST_ITERATIONS = 256
"""A loop of more is gone through once, with items that only a run can tell; what it fills is then open."""

RESERVED = 1000
"""The numbers of events that are kept for a class body that is run later: more than statements stand in any."""


class Statements(Expressions):
    """Runs statements in order, in place; each method tells whether its path goes on behind the statement."""

    def run_block(self, block: n.Block) -> bool:
        return all(self.run_statement(statement) for statement in block.statements)

    def run_statement(self, statement: n.Statement) -> bool:
        self.run.tally.spend()
        outer = self.activity
        self.run.events += 1
        self.activity = Activity(self.frame, statement, self.blocks, number=self.run.events)
        method: Callable[[n.Statement], bool | None] | None = getattr(self, f"do_{type(statement).__name__}", None)
        try:
            return method(statement) is not False if method is not None else True
        finally:
            self.frame.reads += self.activity.reads
            self.activity = outer

    # Simple statements

    def do_ExpressionStatement(self, node: n.ExpressionStatement) -> bool:  # noqa: N802
        found = self.evaluate(node.value)
        ends = any(isinstance(value, Method) and value.name == "<exit>" for value, _ in found)
        # A program that ends on its own level is edited behind that all the same.
        return not ends or (self.frame.parent is None and not self.blocks)

    def do_Broken(self, node: n.Broken) -> None:  # noqa: N802
        for part in node.parts:
            self.run_statement(part)

    def do_Assert(self, node: n.Assert) -> None:  # noqa: N802
        truth = self.truth(node.test)
        if isinstance(truth, frozenset):
            both = conjunction(self.state.condition, truth)
            self.state.condition = both if both is not None else self.state.condition

    def do_Return(self, node: n.Return) -> bool:  # noqa: N802
        found = self.evaluate(node.value) if node.value is not None else certain(Const(None))
        if self.frame.entry is not None:
            self.frame.returns.append((found, self.state.snapshot(self.frame.entry)))
            if node.value is not None:
                self.frame.returned.append((node.value, self.activity.reads))
        return False

    def do_Raise(self, _: n.Raise) -> bool:  # noqa: N802
        return False

    def do_Continue(self, _: n.Continue) -> bool:  # noqa: N802
        if self.frame.loops:
            loop = self.frame.loops[-1]
            loop.continued.append(self.state.snapshot(loop.entry))
        return False

    def do_Break(self, _: n.Break) -> bool:  # noqa: N802
        if self.frame.loops:
            loop = self.frame.loops[-1]
            loop.broken.append(self.state.snapshot(loop.entry))
        return False

    def do_Outer(self, node: n.Outer) -> None:  # noqa: N802
        for name in node.names:
            self.frame.outer_names[name] = node.to_module

    def do_Import(self, node: n.Import) -> None:  # noqa: N802
        for each in node.names:
            dotted = each.name if each.alias else each.name.partition(".")[0]
            event = self.event()
            value = self.imported(dotted)
            if not each.alias and "." in each.name:
                self.imported(each.name)  # The submodule is reachable through its package now.
            before = self.lookup(each.bound, self.frame.scope) if not each.alias else None
            self.assign(each.bound, value)
            if before is not None and before.alternatives == value:
                # After ``import a.b``, ``import a.c`` makes both reachable.
                self.state.set((self._scope_of(each.bound), each.bound), Binding(value, before.events | {event}))

    def do_ImportFrom(self, node: n.ImportFrom) -> None:  # noqa: N802
        for each in node.names:
            if each.name == "*":
                before = self.lookup("*", self.frame.scope)
                module = self.imported(node.module)
                self.assign("*", joined(before.alternatives, module) if before is not None else module)
            else:
                self.assign(each.bound, self.imported_member(node.module, each.name, each))

    def do_Assign(self, node: n.Assign) -> None:  # noqa: N802
        found = self.evaluate(node.value)
        for target in node.targets:
            if isinstance(target, n.Name) and found and self._is_same(target, found, node):
                continue  # ``model = model.to(device)``: the model is the one that was there before.
            self.bind(target, found, node.value)

    def _is_same(self, target: n.Name, found: Alternatives, node: n.Assign) -> bool:
        if not isinstance(node.value, n.Call) or self.activity.event is not None:
            return False
        before = self.state.binding((self.frame.scope, target.name))
        return before is not None and before.alternatives == found and isinstance(found[0][0], Unknown)

    def do_Annotated(self, node: n.Annotated) -> None:  # noqa: N802
        """An annotation binds nothing."""

    def do_AugmentedAssign(self, node: n.AugmentedAssign) -> None:  # noqa: N802
        before, more = self.evaluate(node.target), self.settled(self.evaluate(node.value))
        grown = [value for value, _ in before if isinstance(value, Location)]
        if node.operator in ("+", "|") and grown and len(grown) == len(before):
            for location, condition in before:
                self._extend(location, more, condition, node)  # type: ignore[arg-type]
            return
        self.bind(node.target, self.combined(node.operator, self.settled(before), more, node.value), node.value)

    def _extend(self, location: Location, more: Alternatives, condition: Condition, node: n.AugmentedAssign) -> None:
        container = self.container(location)
        if container is None:
            return
        read = self.entries if container.kind == "dict" else self.items
        items, why = read(more, node.value)
        added = tuple(
            replace(item, condition=both)
            for item in items
            if (both := conjunction(item.condition, condition)) is not None
        )
        self.change(location, replace(container, items=container.items + added, open=container.open or why))

    def do_Delete(self, node: n.Delete) -> None:  # noqa: N802
        for target in node.targets:
            if isinstance(target, n.Subscript):
                for owner, _ in self.evaluate(target.value):
                    python.removed(self, owner, self._index_of(target), target)
                    if isinstance(owner, Unknown):
                        self.changed(owner.subject)
            elif isinstance(target, n.Attribute):
                for owner, _ in self.evaluate(target.value):
                    if isinstance(owner, Unknown):
                        self.changed(owner.subject)

    def _index_of(self, target: n.Subscript) -> Alternatives:
        return self.unknown(target) if isinstance(target.index, n.SliceIndex) else self.evaluate(target.index)

    # Binding

    def bind(self, target: n.Expression, found: Alternatives, source: n.Expression) -> None:
        match target:
            case n.Name():
                self.assign(target.name, found)
            case n.Starred():
                self.bind(target.value, found, source)
            case n.Display():
                for inner, value in zip(target.items, self.unpacked(found, target), strict=True):
                    self.bind(inner, value, source)
            case n.Attribute():
                for owner, condition in self.evaluate(target.value):
                    self._set_attribute(owner, target.name, under(found, condition))
            case n.Subscript():
                keys = self._index_of(target)
                for owner, condition in self.evaluate(target.value):
                    python.stored(self, owner, keys, found, condition, target, self.frame.document.code(source))
                    if isinstance(owner, Reference) and owner.dotted == ENVIRONMENT:
                        self.set_environment(keys)
                    if isinstance(owner, Unknown) and not owner.subject.made_by.startswith("argparse"):
                        self._store_entry(owner.subject, keys, found)

    def _store_entry(self, subject: Subject, keys: Alternatives, found: Alternatives) -> None:
        for key, _ in keys:
            if isinstance(key, Const):
                event = self.event()
                self.state.set((subject, ("entry", key.value)), Binding(found, frozenset({event})))
        self.changed(subject)

    def _set_attribute(self, owner: object, name: str, found: Alternatives) -> None:
        event = self.event()
        match owner:
            case Location():
                self.state.set((owner.id, name), Binding(found, frozenset({event})))
                self.run.bindings.setdefault((owner.id, name), []).append(event)
            case Unknown():
                self.state.set((owner.subject, name), Binding(found, frozenset({event})))
                if structural_attribute(name):
                    self.changed(owner.subject)
            case ClassValue():
                self.state.set((owner.scope, name), Binding(found, frozenset({event})))
            case ModuleValue():
                self.state.set((owner.scope, name), Binding(found, frozenset({event})))
            case Reference():
                self.patched(owner, name, found)

    # Branches

    def do_If(self, node: n.If) -> bool:  # noqa: N802
        state, blocks, outer = self.state, self.blocks, self.activity
        ends: list[State] = []
        header: list[Read] = outer.reads
        rest: frozenset[Literal] = frozenset()
        fell_through = True
        forced = bool(self.run.forced) and any(branch in self.run.forced for branch in node.branches)
        current: State | None = state.fork()
        for part, branch in enumerate(node.branches):
            if current is None:
                break
            self.state = current
            truth: bool | frozenset[Literal] = True
            if branch.test is not None:
                truth = self._test(branch.test)
            if forced and isinstance(truth, bool) and (truth or branch in self.run.forced):
                truth = self._opaque_test(branch.test) if branch.test is not None else True
            if truth is False:
                continue
            literals = frozenset() if truth is True else truth
            inner = current.fork(literals)
            if inner is not None:
                self.state = inner
                self.blocks = (*blocks, Block(node, part, rest | literals, header, decided=not (rest | literals)))
                if self.run_block(branch.body):
                    ends.append(inner)
            if truth is True:
                fell_through = False
                break
            negated = self._negated(literals, branch)
            rest |= negated
            current = current.fork(negated)
        if fell_through and current is not None:
            ends.append(current)
        self.state, self.blocks, self.activity = state, blocks, outer
        return self._meet(ends)

    def _test(self, test: n.Expression) -> bool | frozenset[Literal]:
        before = self.deciding
        mark = len(self.activity.reads)
        truth = self.truth(test)
        if isinstance(truth, frozenset) and len(truth) == 1 and before is None:
            (literal,) = truth
            for read in self.activity.reads[mark:]:
                read.decides = read.decides or literal
        return truth

    def _negated(self, literals: frozenset[Literal], branch: n.Branch) -> frozenset[Literal]:
        if len(literals) == 1:
            ((subject, value, holds),) = literals
            return frozenset({(subject, value, not holds)})
        # Of several conditions at once, which one does not hold is open: it is a question of its own.
        key = ("not", literals)
        assert branch.test is not None
        return frozenset({(self.subject(key, branch.test), TRUTHY, False)})

    def _meet(self, ends: list[State]) -> bool:
        if not ends:
            return False
        self.state.merge([end.snapshot(self.state) for end in ends])
        return True

    def do_Match(self, node: n.Match) -> bool:  # noqa: N802
        state, blocks = self.state, self.blocks
        subject = self.evaluate(node.subject)
        self.tested_with(subject, self.activity.reads)
        ends: list[State] = []
        current: State | None = state.fork()
        rest: frozenset[Literal] = frozenset()
        fell_through = True
        for part, case in enumerate(node.cases):
            if current is None:
                break
            self.state = current
            truth = comparisons.matched(self, subject, case)
            if truth is False:
                continue
            literals = frozenset() if truth is True else truth
            inner = current.fork(literals)
            if inner is not None:
                self.state = inner
                self.blocks = (
                    *blocks,
                    Block(node, part, rest | literals, self.activity.reads, decided=not (rest | literals)),
                )
                self._bind_pattern(case.pattern, subject)
                if self.run_block(case.body):
                    ends.append(inner)
            if truth is True and case.guard is None:
                fell_through = False
                break
            if len(literals) == 1:
                ((about, value, holds),) = literals
                negated: frozenset[Literal] = frozenset({(about, value, not holds)})
                rest |= negated
                current = current.fork(negated)
        if fell_through and current is not None:
            ends.append(current)
        self.state, self.blocks = state, blocks
        return self._meet(ends)

    def _bind_pattern(self, pattern: n.Expression, subject: Alternatives) -> None:
        if isinstance(pattern, n.Name) and pattern.name != "_":
            self.assign(pattern.name, subject)

    # Loops

    def do_For(self, node: n.For) -> bool:  # noqa: N802
        found = self.evaluate(node.source)
        items, why = self.items(found, node.source)
        steps = self.run.tally.steps
        if why is not None or len(items) > MOST_ITERATIONS or steps <= 0:
            return self._once(node, why, found)
        whole = self.frame.document.code(node.source)
        written = node.source.items if isinstance(node.source, n.Display) else ()
        plain = len(written) == len(items)
        broken: list[State] = []
        for at, item in enumerate(items):
            text = self.frame.document.code(written[at]) if plain else f"list({whole})[{at}]"
            if not self._iteration(node, item, text, broken):
                return bool(broken) and self._meet_with(broken, False)
        alive = self.run_block(node.orelse) if node.orelse is not None else True
        if broken:
            return self._meet_with(broken, alive)
        return alive

    def _iteration(self, node: n.For, item: Item, text: str, broken: list[State]) -> bool:
        """One iteration; whether a run may go on behind it to the next one."""
        state, blocks = self.state, self.blocks
        inner = state.fork(item.condition)
        if inner is None:
            return True
        loop = Loop(state)
        self.frame.loops.append(loop)
        self.state = inner
        self.blocks = (*blocks, Block(node, 0, item.condition, self.activity.reads, item=text))
        event = self.new_event("statement", node, self.activity.reads)
        event.blocks = self.blocks
        before, self.activity.event = self.activity.event, event
        self.bind(node.target, item.value, node.source)
        self.activity.event = before
        alive = self.run_block(node.body)
        self.frame.loops.pop()
        ends = [inner.snapshot(state)] if alive else []
        ends += loop.continued
        if item.condition:
            skipped = state.fork()
            ends += [skipped] if skipped is not None else []
        broken += loop.broken
        self.state, self.blocks = state, blocks
        if not ends:
            return False
        state.merge(ends)
        return True

    def _meet_with(self, broken: list[State], alive: bool) -> bool:
        """Behind a loop: the paths that left it by ``break``, and the one that came to its end.

        The states of the breaks are above earlier iterations, so what later ones changed is joined to them.
        """
        ends = list(broken)
        if alive:
            last = self.state.fork()
            ends += [last] if last is not None else []
        self.state.merge(ends)
        return bool(ends)

    def _once(self, node: n.For, why: Subject | None, found: Alternatives) -> bool:
        """A loop over what only a run can tell: its body once, under the condition that there is an item."""
        reason = why or self.subject(("loop", node, self.frame), node.source)
        return self._maybe(node, node.body, node.orelse, reason, lambda: self._bind_item(node, reason, found))

    def _bind_item(self, node: n.For, reason: Subject, found: Alternatives) -> None:
        parents = [value.subject for value, _ in found if isinstance(value, Unknown)]
        parent = parents[0] if parents else None
        item = Unknown(self.subject(("item", reason, node), node.target, parent))
        event = self.new_event("statement", node, self.activity.reads)
        before, self.activity.event = self.activity.event, event
        self.bind(node.target, certain(item), node.source)
        self.activity.event = before

    def do_While(self, node: n.While) -> bool:  # noqa: N802
        truth = self._test(node.test)
        if truth is False:
            return self.run_block(node.orelse) if node.orelse is not None else True
        reason = self.subject(("loop", node, self.frame), node.test)
        return self._maybe(node, node.body, node.orelse, reason, lambda: None)

    def _maybe(
        self,
        node: n.Statement,
        body: n.Block,
        orelse: n.Block | None,
        reason: Subject,
        prepare: Callable[[], None],
    ) -> bool:
        state, blocks = self.state, self.blocks
        entered: Literal = (self._entered(node, reason), TRUTHY, True)
        inner = state.fork({entered})
        skipped = state.fork({(entered[0], TRUTHY, False)})
        ends: list[State] = [skipped] if skipped is not None else []
        if inner is not None:
            loop = Loop(state)
            self.frame.loops.append(loop)
            self.state = inner
            self.blocks = (*blocks, Block(node, 0, frozenset(), self.activity.reads, item="next"))
            prepare()
            alive = self.run_block(body)
            self.frame.loops.pop()
            entered_ends = [inner.snapshot(state)] if alive else []
            entered_ends += loop.continued + loop.broken
            for end in entered_ends:
                self._open_grown(end, state, reason)
            ends += entered_ends
        self.state, self.blocks = state, blocks
        if not ends:
            return False
        state.merge(ends)
        return self.run_block(orelse) if orelse is not None else True

    def _entered(self, node: n.Statement, reason: Subject) -> Subject:
        return self.subject(("entered", node, self.frame), reason.node)

    def _open_grown(self, end: State, base: State, reason: Subject) -> None:
        """What an unknown number of iterations put into a container is not known."""
        for key, cell in list(end.own.items()):
            before = base.stored(key)
            after = end.stored(key)
            if before is not None and after is not None and before.container.items != after.container.items:
                end.set(key, replace(after, container=replace(after.container, open=reason)))
            del cell

    # With and try

    def do_With(self, node: n.With) -> bool:  # noqa: N802
        for item in node.items:
            found = self.evaluate(item.value)
            if isinstance(item.value, n.Call):
                self.run.entered_with[item.value] = [value for value, _ in self.evaluate(item.value.function)]
            if item.target is not None:
                self.bind(item.target, found, item.value)
        return self._inside(Block(node, 0, reads=self.activity.reads), node.body)

    def _inside(self, block: Block, body: n.Block) -> bool:
        blocks = self.blocks
        self.blocks = (*blocks, block)
        try:
            return self.run_block(body)
        finally:
            self.blocks = blocks

    def do_Try(self, node: n.Try) -> bool:  # noqa: N802
        state, blocks = self.state, self.blocks
        raised = self.subject(("raised", node, self.frame), node)
        ends: list[State] = []
        body = state.fork({(raised, 0, True)})
        if body is not None:
            self.state = body
            alive = self._inside(Block(node, 0), node.body)
            if alive and node.orelse is not None:
                alive = self._inside(Block(node, -1), node.orelse)
            ends += [body] if alive else []
        for part, handler in enumerate(node.handlers, 1):
            inner = state.fork({(raised, part, True)})
            if inner is None:
                continue
            self.state = inner
            if handler.name:
                self.state.set((self.frame.scope, handler.name), Binding(self.unknown(node_of(handler))))
            if self._inside(Block(node, part), handler.body):
                ends.append(inner)
        self.state, self.blocks = state, blocks
        alive = self._meet(ends)
        if node.finalbody is not None and alive:
            alive = self._inside(Block(node, -2), node.finalbody)
        return alive

    # Definitions

    def do_FunctionDef(self, node: n.FunctionDef) -> None:  # noqa: N802
        value: Alternatives = certain(FunctionValue(node, self.frame.document, self.frame.scope))
        for parameter in node.parameters:
            if parameter.default is not None:
                found = self.evaluate(parameter.default)
                self.state.set((parameter, self.frame.scope), Binding(found, frozenset()))
        self.assign(node.name, self._decorated(node, value))

    def _decorated(self, node: n.FunctionDef | n.ClassDef, value: Alternatives) -> Alternatives:
        """What the decorators of the workspace make of a definition; those of libraries leave it as it is."""
        for decorator in reversed(node.decorators):
            for maker, _ in self.evaluate(decorator):
                if isinstance(maker, FunctionValue):
                    made = self.call_value(maker, [self.given(value, decorator)], decorator)
                    if made and all(isinstance(each, (FunctionValue, ClassValue)) for each, _ in made):
                        value = made
        return value

    def given(self, alternatives: Alternatives, node: n.Expression) -> Given:
        return Given("", "", alternatives, None, [], "", node.start_pos[0] - 1)

    def do_ClassDef(self, node: n.ClassDef) -> None:  # noqa: N802
        scope = self.new_scope(self.frame.scope)
        value = ClassValue(node, self.frame.document, scope, self.frame.scope)
        self.run.class_scopes[scope] = value
        if node.decorators or node in self.run.eager_classes:
            self._run_class_body(node, scope)
        else:
            self.run.pending[scope] = (node, self.frame, self.activity, self.state, self.run.events)
            self.run.events += RESERVED
        self.assign(node.name, self._decorated(node, certain(value)))

    def complete_class(self, scope: int) -> None:
        """Run the body of a class that nobody has looked into before: most of a file's classes are not needed."""
        pending = self.run.pending.pop(scope, None)
        if pending is None:
            return
        node, frame, activity, state, number = pending
        before, latest = (self.frame, self.activity, self.state), self.run.events
        self.frame, self.activity, self.state = frame, activity, state
        self.run.events = number  # Where the class stands: the order of events is that of a run.
        try:
            self._run_class_body(node, scope)
        finally:
            self.frame, self.activity, self.state = before
            self.run.events = latest if self.run.events <= number + RESERVED else max(latest, self.run.events)

    def _run_class_body(self, node: n.ClassDef, scope: int) -> None:
        bases = [self.evaluate(argument.value) for argument in node.arguments if not argument.keyword]
        for at, base in enumerate(bases):
            self.state.set((scope, ("base", at)), Binding(base))
        frame, outer, blocks = self.frame, self.frame.scope, self.blocks
        self.frame = replace(frame, scope=scope, outer_names={}, reads=[])
        self.frame.node = node
        self.frame.parent, self.frame.activity = frame, self.activity
        self.blocks = ()
        try:
            self.run_block(node.body)
        finally:
            self.frame, self.blocks = frame, blocks
            frame.scope = outer

    # What other parts of the machine do

    def imported(self, dotted: str) -> Alternatives:
        raise NotImplementedError

    def imported_member(self, module: str, name: str, node: n.ImportedName) -> Alternatives:
        raise NotImplementedError

    def patched(self, owner: Reference, name: str, found: Alternatives) -> None:
        raise NotImplementedError


def node_of(handler: n.Handler) -> n.Node:
    return handler.type or handler


__all__ = ["ALWAYS", "Event", "Statements"]
