"""The dependence of a model: which statements of which frames it needs, under one path condition."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fxlens.source.analysis.events import Activity, Block, Event, Frame, Read
from fxlens.source.analysis.run import Extraction, Run
from fxlens.source.analysis.unfollowed import why_unknown
from fxlens.source.conditions import conjunction
from fxlens.source.index.scopes import free_names
from fxlens.source.slicing.inlining import Inlining
from fxlens.source.slicing.needs import Needs, Problem
from fxlens.source.slicing.unbound_parameters import stand_in, whole_uses
from fxlens.source.syntax import nodes as n
from fxlens.source.values import ClassValue, Condition, Const, FunctionValue, Literal, Location, Subject


@dataclass(frozen=True)
class _Demand:
    event: Event
    user: n.Node
    literal: Literal | None
    soft: bool
    change: Activity | None = None


class Closure(Inlining):
    """Collects what an extraction's model needs under ``condition``.

    ``opaque`` are the objects that are made as a whole, ``left_out`` the changes of the model that are not followed.
    """

    def __init__(
        self,
        run: Run,
        extraction: Extraction,
        condition: Condition,
        opaque: frozenset[int] = frozenset(),
        left_out: frozenset[Activity] = frozenset(),
    ) -> None:
        super().__init__(run, extraction, opaque)
        self.condition = condition
        self.needs = Needs()
        self._queue: deque[_Demand] = deque()
        self._visited: set[tuple[Event, bool]] = set()
        self._met: set[Block] = set()
        self._results: set[Frame] = set()
        """The fixtures whose statements stand in the slice."""
        self.left_out = left_out

    # Demands

    def demand(
        self,
        reads: list[Read],
        user: n.Node,
        literal: Literal | None = None,
        soft: bool = False,
        change: Activity | None = None,
    ) -> None:
        for read in reads:
            if not self._is_made(read):
                continue
            # A change that is left out does not take those before it along.
            own = None if read.earlier else change
            # Each of n changes reads all those before it that may be the last: only one of them has to look.
            new = [each for each in read.events if not self._is_visited(each, soft)]
            for event in sorted(new, key=lambda each: each.number):
                cause = own or (event.activity if read.changes else None)
                self._queue.append(_Demand(event, user, read.decides or literal, soft, cause))

    def _is_made(self, read: Read) -> bool:
        """Whether a run of the slice reads this: not what a decided question is asked of, unless of a parameter."""
        if not self.possible(read.condition):
            return False
        decides = read.decides
        return decides is None or not self.decided(decides) or decides[0].parameter is not None

    def settle(self) -> Needs:
        while self._queue:
            self._meet(self._queue.popleft())
        return self.needs

    def possible(self, condition: Condition) -> bool:
        return conjunction(condition, self.condition) is not None

    def decided(self, literal: Literal) -> bool:
        return literal in self.condition or (literal[0], literal[1], not literal[2]) in self.condition

    def _is_visited(self, event: Event, soft: bool) -> bool:
        return (event, soft) in self._visited or (event, False) in self._visited

    def _meet(self, demand: _Demand) -> None:
        event = demand.event
        if self._is_visited(event, demand.soft):
            return
        self._visited.add((event, demand.soft))
        if not self.possible(event.condition) or event.number > self.extraction.number:
            return
        self.needs.events.add(event)
        for literal in in_order(each for each in event.condition if not self.decided(each)):
            self.needs.seen[literal] = None
        follow: Callable[[Event, _Demand], None] = getattr(self, f"_of_{event.kind}")
        follow(event, demand)

    def _of_statement(self, event: Event, demand: _Demand) -> None:
        changed = event.changed
        inside = event.frame.bound == changed and self.is_inline(event.frame)
        if isinstance(changed, Location) and changed.id in self.objects and not inside:
            # Set from outside, by another name than that of the object in the slice, or by a method that is called.
            self.whole(changed, self.objects[changed.id])
        self._statement(event.activity, demand)

    def _statement(self, activity: Activity | None, demand: _Demand) -> None:
        while activity is not None and not self.is_inline(activity.frame):
            activity = activity.frame.activity
        if activity is not None:
            self.include(activity, demand.soft, demand.change)

    def include(self, activity: Activity, soft: bool = False, change: Activity | None = None) -> None:
        if activity in self.needs.activities or activity.number == 0 or activity in self.calling:
            return
        if activity in self.left_out or change in self.left_out:
            self.demand([read for read in activity.reads if read.earlier], activity.node, soft=soft)
        elif self._gives_result(activity):
            # The parameter is set to what is returned here, also where an object is made in that statement.
            self.demand(activity.reads, activity.node, soft=soft, change=change)
        else:
            self._take(activity, soft, change)

    def _take(self, activity: Activity, soft: bool, change: Activity | None) -> None:
        self.needs.activities[activity] = None
        node = activity.node
        if self._is_awaited(activity.frame, node):
            self.needs.problems.append(
                Problem(f"The model depends on `{activity.frame.document.code(node)}`, and no event loop runs here.")
            )
        if isinstance(node, (n.For, n.With)) and (activity.frame, node) not in self.around:
            self._keep(activity.frame, Block(node, 0), soft, change)
        self.demand(activity.reads, node, soft=soft, change=change)
        self._blocks(activity.frame, activity.blocks, soft, change)
        self._other_iterations(activity, soft, change)
        if isinstance(node, (n.FunctionDef, n.ClassDef)):
            self._free(node, activity.frame.scope)
        self._whole_objects(activity.frame, node)
        self._note_seen(literal for _, literal in activity.choices)

    def _note_seen(self, literals: Iterable[Literal]) -> None:
        """Note the questions that a slice leaves open."""
        self.needs.seen.update((literal, None) for literal in literals if not self.decided(literal))

    def _gives_result(self, activity: Activity) -> bool:
        """Whether a statement is the one that hands out the value of a fixture that stands in the slice itself."""
        frame = activity.frame
        if frame not in self._results or not frame.returned:
            return False
        returned, _ = frame.returned[-1]
        return any(each is returned for each in n.walk(activity.node))

    def _is_awaited(self, frame: Frame, node: n.Node) -> bool:
        """Whether a statement waits for a coroutine outside of any function that is called in the slice."""
        if not frame.document.mentions_any(("await",)):
            return False
        outside = (n.FunctionDef, n.ClassDef, n.Lambda, n.Block)
        return any(isinstance(each, n.Await) for each in n.walk(node, lambda inner: not isinstance(inner, outside)))

    def _other_iterations(self, activity: Activity, soft: bool, change: Activity | None) -> None:
        """Of a statement in a loop that is kept, every execution."""
        frame, node = activity.frame, activity.node
        if any(
            isinstance(each.node, (n.For, n.While)) and (frame, each.node) in self.needs.kept
            for each in activity.blocks
        ):
            for other in self.run.iterations.get((frame, node), ()):
                self.include(other, soft, change)

    def _whole_objects(self, frame: Frame, node: n.Node) -> None:
        bound = frame.bound
        name = self.objects.get(bound.id) if isinstance(bound, Location) else None
        is_definition = isinstance(node, (n.FunctionDef, n.ClassDef))
        if name and isinstance(bound, Location) and not is_definition and whole_uses(name, node):
            self.whole(bound, name)

    def whole(self, bound: Location, name: str) -> None:
        reason = f"The model depends on the whole object `{name}`, which is never created in this file."
        self.needs.problems.append(Problem(reason, whole=bound))

    def _free(self, node: n.Node, scope: int | None) -> None:
        """What a definition takes from the scopes around it, as they are when the extraction happens."""
        for name in sorted(free_names(node)):
            events = self.bound_to(name, scope)
            if not events:
                events = self.bound_to("*", scope)
            for event in events:
                self._queue.append(_Demand(event, node, None, True))

    def bound_to(self, name: str, scope: int | None) -> list[Event]:
        while scope is not None:
            events: list[Event] = []
            for event in reversed(self.run.bindings.get((scope, name), ())):
                if event.number > self.extraction.number or not self.possible(event.condition):
                    continue
                events.append(event)
                if not event.condition - self.condition and name != "*":
                    break
            if events:
                return events
            scope = self.run.parents[scope]
        return []

    # Blocks

    def _blocks(self, frame: Frame, blocks: tuple[Block, ...], soft: bool, change: Activity | None) -> None:
        kept = False
        for block in blocks:
            if not kept and (frame, block.node) in self.around:
                if isinstance(block.node, (n.For, n.With)):
                    self.demand(block.reads, block.node, soft=soft, change=change)
                continue
            undecided = [literal for literal in in_order(block.literals) if not self.decided(literal)]
            if not kept and block.is_dissolved(undecided):
                continue
            kept = True
            if block not in self._met:
                self._met.add(block)
                self._keep(frame, block, soft, change)
                self._take_block(block, undecided, soft, change)

    def _take_block(self, block: Block, undecided: list[Literal], soft: bool, change: Activity | None) -> None:
        self._note_seen(undecided)
        last = undecided[-1] if undecided else None
        if isinstance(block.node, n.Match) and last is not None:
            self.needs.problems.append(Problem("", literal=last))
        else:
            self.demand(block.reads, block.node, last, soft, change)

    def _keep(self, frame: Frame, block: Block, soft: bool, change: Activity | None) -> None:
        """Keep a compound statement as it is, with what its header reads each time; of a loop also what ends it."""
        if (frame, block.node) in self.needs.kept:
            return
        self.needs.kept[frame, block.node] = block
        for execution in self.run.iterations.get((frame, block.node), ()):
            self.demand(execution.reads, block.node, soft=soft, change=change)
        for jump in self.run.jumps.get((frame, block.node), ()):
            self.include(jump, soft, change)

    # Parameters and objects

    def _of_parameter(self, event: Event, demand: _Demand) -> None:
        if not self.is_inline(event.frame):
            self._statement(event.frame.activity, demand)
            return
        if isinstance(event.owner, Location) and event.owner.id in self.objects:
            self._made(event.owner)
            if event.name != self.objects[event.owner.id]:
                self.needs.parameters[event] = self.objects[event.owner.id]
            return
        if event.inlined is not None:
            self.enter(event.inlined, (), frozenset())
            self._results.add(event.inlined)
        if event.variants:
            self._variant(event, demand)
        elif event.subject is None:
            self._parameters_of(event, demand)
        else:
            self._not_given(event, event.subject, demand)

    def _parameters_of(self, event: Event, demand: _Demand) -> None:
        if not event.text:
            self.needs.problems.append(Problem(f"`{event.name}` is not made here.", change=demand.change))
            return
        self.needs.parameters[event] = event.text
        definition = event.frame.activity
        if event.undecorated is not None and definition is not None:
            self.needs.undecorated.add(event.undecorated)
            self.needs.activities[definition] = None
            self._free(event.undecorated, definition.frame.scope)
            return
        self.demand(event.reads, event.node, soft=demand.soft, change=demand.change)

    def _not_given(self, event: Event, subject: Subject, demand: _Demand) -> None:
        """A parameter that no call gives: what a condition says of it, or its default, stands in its place."""
        text = stand_in(event, self.condition, demand.user)
        if text is None:
            if not demand.soft:
                self._unknown(event, demand)
            self._visited.discard((event, demand.soft))
            return
        self.needs.parameters[event] = text
        parameter = event.node
        assert isinstance(parameter, n.Parameter)
        if parameter.default is not None and text == event.frame.document.code(parameter.default):
            self._free_of_expression(parameter.default, self.run.parents[event.frame.scope])
            self._take_default(subject)

    def _take_default(self, subject: Subject) -> None:
        values = subject.default or ()
        if len(values) == 1 and isinstance(values[0][0], Const):
            self.needs.defaults.add((subject, values[0][0].value, True))

    def _of_option(self, event: Event, _: _Demand) -> None:
        """An option of the command line: a slice runs with the default."""
        if event.subject is not None:
            self.needs.options[event.subject] = None
            self._take_default(event.subject)

    def _free_of_expression(self, node: n.Expression, scope: int | None) -> None:
        for name in sorted(free_names(node)):
            for event in self.bound_to(name, scope) or self.bound_to("*", scope):
                self._queue.append(_Demand(event, node, None, False))

    def _of_bound(self, event: Event, demand: _Demand) -> None:
        """What a comprehension goes through."""
        if not self.is_inline(event.frame):
            self._statement(event.frame.activity, demand)
            return
        self.needs.parameters[event] = event.text
        self.demand(event.reads, event.node, soft=demand.soft, change=demand.change)

    def _unknown(self, event: Event, demand: _Demand) -> None:
        function = event.frame.function
        name = function_name(function) if function is not None else "lambda"
        why = why_unknown(self.run, event, self.extraction.document, "says what it is")
        reason = f"`{event.name}` is a parameter of `{name}` without a default value, {why}."
        if name == "lambda":
            reason = f"`{event.name}` is bound by a lambda or a comprehension around the call."
        self.needs.problems.append(Problem(reason, event.subject, demand.literal, change=demand.change))

    def _variant(self, event: Event, demand: _Demand) -> None:
        for condition, text in event.variants:
            if condition <= self.condition:
                self.needs.parameters[event] = text
                self.demand(event.reads, event.node, soft=demand.soft)
                return
        first = next((condition for condition, _ in event.variants if self.possible(condition)), None)
        if first is None:
            self.needs.impossible = True
        for literal in first or ():
            self.needs.problems.append(Problem("", literal=literal))

    def _of_self(self, event: Event, _: _Demand) -> None:
        self._object(event)

    def _object(self, event: Event) -> None:
        if not isinstance(event.owner, Location) or event.owner.id not in self.objects:
            return
        self.needs.objects[event] = None
        if not self.is_inline(event.frame):
            # What sets the object up is in a function that is called: no statement of that stands in the slice.
            self.whole(event.owner, self.objects[event.owner.id])

    def _made(self, owner: Location) -> None:
        stored = self.extraction.state.binding((owner.id, "<self>"))
        for event in stored.events if stored is not None else ():
            self._object(event)

    def _of_attach(self, event: Event, _: _Demand) -> None:
        if isinstance(event.owner, Location) and event.owner.id in self.objects:
            self._attached(event)

    def _attached(self, event: Event) -> None:
        attached = {(each.owner, each.name) for each in self.needs.attachments}
        if (event.owner, event.name) in attached:
            return
        assert isinstance(event.owner, Location)
        self._made(event.owner)
        self.needs.attachments[event] = None
        for read in event.reads:
            for inner in read.events:
                if inner.activity is not None and self._visible(inner.activity.frame):
                    self.include(inner.activity, soft=True)

    def _visible(self, frame: Frame) -> bool:
        """Whether the class body in which a method is defined belongs to what stands in the slice."""
        return frame.parent is None or self.is_inline(frame.parent) or frame.parent in self.run.modules.values()

    def _of_missing(self, event: Event, demand: _Demand) -> None:
        if not self.is_inline(event.frame) or demand.soft:
            return
        if event.owner is None:
            self.needs.problems.append(Problem(event.text, literal=demand.literal, change=demand.change))
        elif isinstance(event.owner, Location) and event.owner.id in self.objects:
            name = self.objects[event.owner.id]
            reason = f"`{name}.{event.name}` is not set in `__init__` of this class."
            self.needs.problems.append(Problem(reason, whole=event.owner, literal=demand.literal, change=demand.change))


def in_order(literals: Iterable[Literal]) -> list[Literal]:
    """Literals in the order of the text: that of a set differs from run to run."""
    return sorted(literals, key=lambda each: (each[0].document.path, each[0].node.start_pos, str(each[1]), each[2]))


def function_name(function: FunctionValue) -> str:
    if not isinstance(function.node, n.FunctionDef):
        return "lambda"
    owner = function.owner
    return f"{owner.node.name}.{function.node.name}" if isinstance(owner, ClassValue) else function.node.name
