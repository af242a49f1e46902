"""Branches, loops, ``with`` and ``try``: on which paths a program goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from fxlens.source.alternatives import certain, mapped, of_kind
from fxlens.source.analysis.events import Block, Event, Loop, Read
from fxlens.source.analysis.state import Binding, State
from fxlens.source.analysis.statements import Statements
from fxlens.source.conditions import negation
from fxlens.source.library.circumstances import ATTRIBUTES, PROBED_BY, of_circumstances
from fxlens.source.syntax import nodes as n
from fxlens.source.values import TRUTHY, Alternatives, FunctionValue, Item, Literal, Subject, Unknown, Value

MOST_ITERATIONS = 256
"""A loop of more is gone through once, with items that only a run can tell; what it fills is then open."""

MOST_ENDLESS = 4
"""How often ``while True`` is gone through before what is left is a loop of which only a run can tell: most end at
the first ``break`` that the text decides, and those that train or serve never do."""


@dataclass
class _Attempt:
    """What the body of a ``try`` asks the machine for, what raises in it, and which of that handlers catch."""

    probes: list[Event] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    probing: set[str] = field(default_factory=set)


class ControlFlow(Statements):
    """Runs compound statements."""

    # Branches

    def do_If(self, node: n.If) -> bool:  # noqa: N802
        state, blocks, outer = self.state, self.blocks, self.activity
        ends: list[State] = []
        rest: frozenset[Literal] = frozenset()
        forced = not self.run.forced.isdisjoint(node.branches)
        current: State | None = state.fork()
        for part, branch in enumerate(node.branches):
            if current is None:
                break
            self.state = current
            truth = self._truth_of_branch(branch, forced)
            if truth is False:
                continue
            literals = frozenset() if truth is True else truth
            arm = Block(node, part, rest | literals, outer.reads, decided=not (rest | literals))
            ends += self._arm(current.fork(literals), (*blocks, arm), branch.body)
            if truth is True:
                current = None
                break
            negated = self._negated(literals, branch)
            rest |= negated
            current = current.fork(negated)
        if current is not None:
            ends.append(current)
        self.state, self.blocks, self.activity = state, blocks, outer
        return self._meet(ends)

    def _truth_of_branch(self, branch: n.Branch, forced: bool) -> bool | frozenset[Literal]:
        """Whether a branch is entered: its test does not decide where all branches are looked at."""
        if branch.test is None:
            return True
        truth = self._test(branch.test)
        is_open = forced and isinstance(truth, bool) and (truth or branch in self.run.forced)
        return self._opaque_test(branch.test) if is_open else truth

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
        if why is not None or len(items) > MOST_ITERATIONS or self.run.tally.steps <= 0:
            return self._once(node, why, iterated)
        broken: list[State] = []
        for item, text in zip(items, self._texts_of(node.source, len(items)), strict=True):
            if not self._iteration(node, item, text, broken):
                return bool(broken) and self._meet_with(broken, False)
        return self._behind_loop(node, broken)

    def _texts_of(self, source: n.Expression, count: int) -> list[str]:
        """How a slice writes the items of what a loop goes through."""
        code = self.frame.document.code
        if isinstance(source, n.Display) and len(source.items) == count:
            return [code(each) for each in source.items]
        whole = code(source)
        return [f"list({whole})[{at}]" for at in range(count)]

    def _behind_loop(self, node: n.For | n.While, broken: list[State]) -> bool:
        """Go on where the text tells that a loop comes to its end, unless it was left before."""
        alive = self.run_block(node.orelse) if node.orelse is not None else True
        return self._meet_with(broken, alive) if broken else alive

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
            self._bind_target(node, item.value, self.blocks)
        alive = self.run_block(node.body)
        self.frame.loops.pop()
        ends = [*([inner.snapshot(state)] if alive else []), *loop.continued]
        skipped = state.fork() if item.condition else None
        ends += [skipped] if skipped is not None else []
        broken += loop.broken
        self.state, self.blocks = state, blocks
        if ends:
            state.merge(ends)
        return bool(ends)

    def _bind_target(self, node: n.For, item: Alternatives, blocks: tuple[Block, ...] | None = None) -> None:
        event = self.new_event("statement", node, self.activity.reads)
        event.blocks = event.blocks if blocks is None else blocks
        before, self.activity.event = self.activity.event, event
        self.bind(node.target, item, node.source)
        self.activity.event = before

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
        parent = next((each.subject for each in of_kind(Unknown, iterated)), None)
        self._bind_target(node, certain(Unknown(self.subject(("item", reason, node), node.target, parent))))

    def do_While(self, node: n.While) -> bool:  # noqa: N802
        """Iterations for as long as the text tells that there is one more; behind these, perhaps more of them."""
        broken: list[State] = []
        most = MOST_ITERATIONS if not isinstance(node.test, n.Constant) else MOST_ENDLESS
        for _ in range(most):
            truth = self._test(node.test)
            if truth is False:
                return self._behind_loop(node, broken)
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
        skipped = state.fork(negation(frozenset({entered})))
        ends: list[State] = [skipped] if skipped is not None else []
        if inner is not None:
            self.blocks = (*blocks, Block(node, 0, frozenset(), self.activity.reads, item="next"))
            ends += self._run_unknown_times(Loop(node, state), inner, body, reason, prepare)
        self.state, self.blocks = state, blocks
        if not ends:
            return False
        state.merge(ends)
        return self.run_block(orelse) if orelse is not None else True

    def _run_unknown_times(
        self, loop: Loop, inner: State, body: n.Block, reason: Subject, prepare: Callable[[], None]
    ) -> list[State]:
        """Run the body of a loop once, in the state ``inner``, as one of an unknown number of iterations."""
        self.frame.loops.append(loop)
        self.state = inner
        yielded = len(self.frame.yields)
        prepare()
        alive = self.run_block(body)
        self.frame.loops.pop()
        if len(self.frame.yields) > yielded:
            self.frame.yields_open = reason
        ends = [*([inner.snapshot(loop.entry)] if alive else []), *loop.continued, *loop.broken]
        for end in ends:
            self._open_grown(end, loop.entry, reason)
        return ends

    def _entered(self, node: n.Statement, reason: Subject) -> Subject:
        return self.subject(("entered", node, self.activity), reason.node)

    def _open_grown(self, end: State, base: State, reason: Subject) -> None:
        """What an unknown number of iterations put into a container is not known."""
        for key in list(end.own):
            before, after = base.stored(key), end.stored(key)
            if before is not None and after is not None and before.container.items != after.container.items:
                end.set(key, replace(after, container=replace(after.container, open=reason)))

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
        return mapped(lambda manager: self._entered_object(manager, node), managers)

    def _entered_object(self, manager: Value, node: n.Expression) -> Alternatives:
        kind = self.kind_of(manager)
        if kind is None:
            return certain(manager)
        members = (self.class_member(kind, name, manager) for name in ("__enter__", "__aenter__"))
        methods = [method for member in members for method in of_kind(FunctionValue, member)]
        return self.call_value(methods[0], [], node) if methods else self.unknown(node)

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
        returned = len(self.frame.returns)
        body = state.fork({(raised, 0, True)})
        ends, attempt = self._attempted(node, raised, body) if body is not None else ([], _Attempt())
        for part, handler in enumerate(node.handlers, 1):
            inner = state.fork({(raised, part, True)})
            if inner is not None and self._handled(Block(node, part, reads=attempt.reads), handler, inner):
                ends.append(inner)
                attempt.probing |= probed_by(handler)
        self.state, self.blocks = state, blocks
        if (
            not attempt.reads or len(self.frame.returns) > returned
        ):  # Else its body always raises: nothing is left open.
            self._note_attempt(raised, node, attempt)
        alive = self._meet(ends)
        if node.finalbody is not None and alive:
            alive = self._inside(Block(node, -2), node.finalbody)
        return alive

    def _attempted(self, node: n.Try, raised: Subject, body: State) -> tuple[list[State], _Attempt]:
        """Run the body of a ``try``, and what stands under ``else``; where a run may go on, and what it attempted."""
        self.state = body
        mark = len(self.frame.raised)
        self.probes.append([])
        alive = self._inside(Block(node, 0), node.body)
        attempt = _Attempt(self.probes.pop())
        if not alive:  # Only what raises in the body leads to a handler: a slice keeps it.
            attempt.reads = [_read_whatever(event, (raised, 0, True)) for event in self.frame.raised[mark:]]
        elif node.orelse is not None:
            alive = self._inside(Block(node, -1), node.orelse)
        return [body] if alive else [], attempt

    def _handled(self, block: Block, handler: n.Handler, inner: State) -> bool:
        self.state = inner
        if handler.name:
            self.state.set((self.frame.scope, handler.name), Binding(self.unknown(node_of(handler))))
        return self._inside(block, handler.body)

    def _note_attempt(self, raised: Subject, node: n.Try, attempt: _Attempt) -> None:
        """Note what the body asks the machine for, if the program goes on without it."""
        if ATTRIBUTES & attempt.probing:  # Whatever the body looks up: no slice shows that it is there.
            attempt.probes.append(self.new_event("statement", node, []))
        self.run.attempts[raised] = frozenset(attempt.probes if attempt.probing else ())
        raised.circumstance = bool(self.run.attempts[raised])


def _read_whatever(event: Event, literal: Literal) -> Read:
    """The read of an event, which happens whether a literal holds or not."""
    event.condition -= {literal}
    for read in event.reads:
        read.condition -= {literal}
    return Read(frozenset({event}), event.condition)


def probed_by(handler: n.Handler) -> set[str]:
    """What of :data:`PROBED_BY` a handler catches; one that catches everything asks for imports alone."""
    if handler.type is None:
        return {"ImportError"}
    names = {each.name for each in n.walk(handler.type) if isinstance(each, (n.Name, n.Attribute))}
    return names & PROBED_BY | ({"ImportError"} if names & {"Exception", "BaseException"} else set())


def node_of(handler: n.Handler) -> n.Node:
    return handler.type or handler
