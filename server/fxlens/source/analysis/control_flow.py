"""Branches, loops, ``with`` and ``try``: on which paths a program goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fxlens.source.alternatives import certain, joined, under
from fxlens.source.analysis.events import Block, Event, Loop, Read
from fxlens.source.analysis.state import Binding, State
from fxlens.source.analysis.statements import Statements
from fxlens.source.library.circumstances import ATTRIBUTES, PROBED_BY, of_circumstances
from fxlens.source.syntax import nodes as n
from fxlens.source.values import TRUTHY, Alternatives, FunctionValue, Item, Literal, Subject, Unknown

MOST_ITERATIONS = 256
"""A loop of more is gone through once, with items that only a run can tell; what it fills is then open."""

MOST_ENDLESS = 4
"""How often ``while True`` is gone through before what is left is a loop of which only a run can tell: most end at
the first ``break`` that the text decides, and those that train or serve never do."""


class ControlFlow(Statements):
    """Runs compound statements."""

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
            arm = Block(node, part, rest | literals, header, decided=not (rest | literals))
            ends += self._arm(current.fork(literals), (*blocks, arm), branch.body)
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

    def _arm(
        self, inner: State | None, blocks: tuple[Block, ...], body: n.Block, bind: Callable[[], None] = lambda: None
    ) -> list[State]:
        """Run an arm in the state ``inner``; that state, if there is one and a run may go on behind the arm."""
        if inner is None:
            return []
        around, self.state, self.blocks = self.blocks, inner, blocks
        bind()
        alive = self.run_block(body)
        self.blocks = around
        return [inner] if alive else []

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
            return negation(literals)
        # Of several conditions at once, which one does not hold is open: it is a separate question.
        assert branch.test is not None
        question = self.subject(("not", literals), branch.test)
        question.circumstance |= of_circumstances(literals)
        return frozenset({(question, TRUTHY, False)})

    def _meet(self, ends: list[State]) -> bool:
        if not ends:
            return False
        self.state.merge([end.snapshot(self.state) for end in ends])
        return True

    # Loops

    def do_For(self, node: n.For) -> bool:  # noqa: N802
        iterated = self.evaluate(node.source)
        items, why = self.items(iterated, node.source)
        steps = self.run.tally.steps
        if why is not None or len(items) > MOST_ITERATIONS or steps <= 0:
            return self._once(node, why, iterated)
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

    def _iteration(self, node: n.For | n.While, item: Item, text: str, broken: list[State]) -> bool:
        """One iteration; whether a run may go on behind it to the next one."""
        state, blocks = self.state, self.blocks
        inner = state.fork(item.condition)
        if inner is None:
            return True
        loop = Loop(node, state)
        self.frame.loops.append(loop)
        self.state = inner
        self.blocks = (*blocks, Block(node, 0, item.condition, self.activity.reads, item=text))
        if isinstance(node, n.For):
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

    def _once(self, node: n.For, why: Subject | None, iterated: Alternatives) -> bool:
        """A loop over what only a run can tell: its body once, under the condition that there is an item."""
        reason = why or self.subject(("loop", node, self.activity), node.source)
        return self._maybe(node, node.body, node.orelse, reason, lambda: self._bind_item(node, reason, iterated))

    def _bind_item(self, node: n.For, reason: Subject, iterated: Alternatives) -> None:
        parents = [value.subject for value, _ in iterated if isinstance(value, Unknown)]
        parent = parents[0] if parents else None
        item = Unknown(self.subject(("item", reason, node), node.target, parent))
        event = self.new_event("statement", node, self.activity.reads)
        before, self.activity.event = self.activity.event, event
        self.bind(node.target, certain(item), node.source)
        self.activity.event = before

    def do_While(self, node: n.While) -> bool:  # noqa: N802
        """Iterations for as long as the text tells that there is one more; behind these, perhaps more of them."""
        broken: list[State] = []
        most = MOST_ITERATIONS if not isinstance(node.test, n.Constant) else MOST_ENDLESS
        for _ in range(most):
            truth = self._test(node.test)
            if truth is False:
                alive = self.run_block(node.orelse) if node.orelse is not None else True
                return self._meet_with(broken, alive) if broken else alive
            if truth is not True or self.run.tally.exhausted:
                break
            if not self._iteration(node, Item(()), "next", broken):
                return bool(broken) and self._meet_with(broken, False)
        reason = self.subject(("loop", node, self.activity), node.test)
        alive = self._maybe(node, node.body, node.orelse, reason, lambda: None)
        return self._meet_with(broken, alive) if broken else alive

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
            loop = Loop(node, state)
            self.frame.loops.append(loop)
            self.state = inner
            self.blocks = (*blocks, Block(node, 0, frozenset(), self.activity.reads, item="next"))
            yielded = len(self.frame.yields)
            prepare()
            alive = self.run_block(body)
            self.frame.loops.pop()
            if len(self.frame.yields) > yielded:
                self.frame.yields_open = reason
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
        return self.subject(("entered", node, self.activity), reason.node)

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
        return self._with_items(node, 0)

    def _with_items(self, node: n.With, at: int) -> bool:
        """Enter the managers from ``at`` on and run the body: of a generator's, where that yields."""
        if at == len(node.items):
            return self._inside(Block(node, 0, reads=self.activity.reads), node.body)
        item = node.items[at]
        around = self.frame, self.activity, self.blocks
        goes_on: list[bool] = []

        def run_body(entered: Alternatives) -> None:
            inside = self.frame, self.activity, self.blocks
            self.frame, self.activity, self.blocks = around
            if item.target is not None:
                self.bind(item.target, entered, item.value)
            goes_on.append(self._with_items(node, at + 1))
            self.frame, self.activity, self.blocks = inside

        before, self.entering = self.entering, (item.value, run_body)
        entered = self.entered(self.evaluate(item.value), item.value)
        self.entering = before
        if isinstance(item.value, n.Call):
            self.run.entered_with[item.value] = [value for value, _ in self.evaluate(item.value.function)]
        if not goes_on:
            run_body(entered)
        return any(goes_on)

    def entered(self, managers: Alternatives, node: n.Expression) -> Alternatives:
        """What ``with`` binds its target to: of an object, what its ``__enter__`` returns."""
        sides: list[Alternatives] = []
        for value, condition in managers:
            container = self.container(value)
            if container is None or container.instance_of is None:
                sides.append(((value, condition),))
                continue
            methods = [
                method
                for name in ("__enter__", "__aenter__")
                for method, _ in self.class_member(container.instance_of, name, value) or ()
                if isinstance(method, FunctionValue)
            ]
            result = self.call_value(methods[0], [], node) if methods else self.unknown(node)
            sides.append(under(result, condition))
        return joined(*sides)

    def _inside(self, block: Block, body: n.Block) -> bool:
        blocks = self.blocks
        self.blocks = (*blocks, block)
        try:
            return self.run_block(body)
        finally:
            self.blocks = blocks

    def do_Try(self, node: n.Try) -> bool:  # noqa: N802
        state, blocks = self.state, self.blocks
        raised = self.subject(("raised", node, self.activity), node)
        raised.cases = tuple(range(len(node.handlers) + 1))
        ends: list[State] = []
        probes: list[Event] = []
        body = state.fork({(raised, 0, True)})
        mark, returned = len(self.frame.raised), len(self.frame.returns)
        reads: list[Read] = []
        if body is not None:
            self.state = body
            self.probes.append([])
            alive = self._inside(Block(node, 0), node.body)
            probes = self.probes.pop()
            if not alive:  # Only what raises in the body leads to a handler: a slice keeps it.
                for event in self.frame.raised[mark:]:
                    event.condition -= {(raised, 0, True)}
                    for read in event.reads:
                        read.condition -= {(raised, 0, True)}
                    reads.append(Read(frozenset({event}), event.condition))
            if alive and node.orelse is not None:
                alive = self._inside(Block(node, -1), node.orelse)
            ends += [body] if alive else []
        probing: set[str] = set()
        for part, handler in enumerate(node.handlers, 1):
            inner = state.fork({(raised, part, True)})
            if inner is None:
                continue
            self.state = inner
            if handler.name:
                self.state.set((self.frame.scope, handler.name), Binding(self.unknown(node_of(handler))))
            if self._inside(Block(node, part, reads=reads), handler.body):
                ends.append(inner)
                probing |= probed_by(handler)
        self.state, self.blocks = state, blocks
        if not reads or len(self.frame.returns) > returned:  # Else its body always raises: nothing is left open.
            self._note_attempt(raised, node, probes, probing)
        alive = self._meet(ends)
        if node.finalbody is not None and alive:
            alive = self._inside(Block(node, -2), node.finalbody)
        return alive

    def _note_attempt(self, raised: Subject, node: n.Try, probes: list[Event], probing: set[str]) -> None:
        """Note what the body asks the machine for, if the program goes on without it."""
        if ATTRIBUTES & probing:  # Whatever the body looks up: no slice shows that it is there.
            probes.append(self.new_event("statement", node, []))
        self.run.attempts[raised] = frozenset(probes if probing else ())
        raised.circumstance = bool(self.run.attempts[raised])


def probed_by(handler: n.Handler) -> set[str]:
    """What of :data:`PROBED_BY` a handler catches; one that catches everything asks for imports alone."""
    if handler.type is None:
        return {"ImportError"}
    names = {each.name for each in n.walk(handler.type) if isinstance(each, (n.Name, n.Attribute))}
    return names & PROBED_BY | ({"ImportError"} if names & {"Exception", "BaseException"} else set())


def node_of(handler: n.Handler) -> n.Node:
    return handler.type or handler


def negation(literals: frozenset[Literal]) -> frozenset[Literal]:
    """What holds where a single condition does not."""
    ((subject, value, holds),) = literals
    return frozenset({(subject, value, not holds)})
