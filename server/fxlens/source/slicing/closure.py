"""The dependence of a model: which statements of which frames it needs, under one path condition."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from fxlens.source.analysis.events import Activity, Block, Event, Frame, Read
from fxlens.source.analysis.run import Extraction, Run
from fxlens.source.analysis.unfollowed import why_unknown
from fxlens.source.index.scopes import free_names
from fxlens.source.slicing.stand_ins import stand_in, whole_uses
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    ClassValue,
    Condition,
    Const,
    FunctionValue,
    Literal,
    Location,
    Subject,
    conjunction,
)


@dataclass
class Problem:
    """Something that a slice needs and that nobody knows; ``subject`` is what a condition might say it of."""

    reason: str
    subject: Subject | None = None
    literal: Literal | None = None
    whole: Location | None = None
    change: Activity | None = None
    """The statement that changes the model and needs it: without it the model is the nearest to the truth."""


@dataclass
class Needs:
    """What a slice consists of."""

    activities: dict[Activity, None] = field(default_factory=dict)
    parameters: dict[Event, str] = field(default_factory=dict)
    attachments: dict[Event, None] = field(default_factory=dict)
    objects: dict[Event, None] = field(default_factory=dict)
    kept: dict[tuple[Frame, n.Statement], Block] = field(default_factory=dict)
    """The compound statements that stay as they are, with the frame they stand in."""
    seen: dict[Literal, None] = field(default_factory=dict)
    """The literals that what is needed depends on, and that the condition does not decide."""
    options: dict[Subject, None] = field(default_factory=dict)
    """The options of the command line that are read."""
    defaults: set[Literal] = field(default_factory=set)
    """That options and parameters that nobody gives equal their defaults, where the slice takes those."""
    problems: list[Problem] = field(default_factory=list)
    events: set[Event] = field(default_factory=set)
    impossible: bool = False
    """Whether no run takes the path at all."""


@dataclass(frozen=True)
class _Demand:
    event: Event
    user: n.Node
    literal: Literal | None
    soft: bool
    change: Activity | None = None


class Closure:
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
        self.run = run
        self.extraction = extraction
        self.condition = condition
        self.needs = Needs()
        self._queue: deque[_Demand] = deque()
        self._visited: set[tuple[Event, bool]] = set()
        self.inline: dict[Frame, bool] = {}
        self.objects: dict[int, str] = {}
        """The objects that are built anew, attribute by attribute, and what they are called."""
        self.around: set[tuple[Frame, n.Node]] = set()
        self.calling: set[Activity] = {extraction.activity}
        """The statements that lead to the extraction: what they bind comes after it."""
        self.left_out = left_out
        self._enter(extraction, opaque)

    def _enter(self, extraction: Extraction, opaque: frozenset[int]) -> None:
        self._enter_chain(extraction.frame, extraction.blocks, opaque)

    def _enter_chain(self, frame: Frame, blocks: tuple[Block, ...], opaque: frozenset[int]) -> None:
        chain = frame.chain
        inner = blocks
        for each in chain:
            self.inline[each] = True
            self.around.update((each, block.node) for block in inner)
            self.inline[self._module(each)] = True
            outer = self.run.frames.get(self.run.parents[each.scope] or 0)
            if outer is not None and outer not in chain and outer not in self.inline:
                self._enter_chain(outer, (), opaque)
            inner = each.activity.blocks if each.activity is not None else ()
            if each.activity is not None:
                self.calling.add(each.activity)
            bound = each.bound
            if isinstance(bound, Location) and bound.id not in opaque and each.function is not None:
                parameters = each.function.node.parameters
                if parameters:
                    self.objects.setdefault(bound.id, parameters[0].name)

    def _module(self, frame: Frame) -> Frame:
        scope: int | None = frame.scope
        while scope is not None and self.run.parents[scope] is not None:
            scope = self.run.parents[scope]
        return self.run.modules.get(scope or 0, frame)

    def is_inline(self, frame: Frame) -> bool:
        """Whether the statements of a frame stand in the slice themselves, and not in a function that is called."""
        known = self.inline.get(frame)
        if known is None:
            known = self.inline[frame] = self._initialises(frame)
            if known:
                self.inline[self._module(frame)] = True
        return known

    def _initialises(self, frame: Frame) -> bool:
        if not is_initialiser(frame) or not isinstance(frame.bound, Location) or frame.bound.id not in self.objects:
            return False
        return frame.parent is None or self.is_inline(frame.parent)

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
            if not self.possible(read.condition):
                continue
            if read.decides is not None and self.decided(read.decides) and read.decides[0].parameter is None:
                continue
            for event in read.events:
                own = change or (event.activity if read.changes else None)
                self._queue.append(_Demand(event, user, read.decides or literal, soft, own))

    def settle(self) -> Needs:
        while self._queue:
            self._meet(self._queue.popleft())
        return self.needs

    def possible(self, condition: Condition) -> bool:
        return conjunction(condition, self.condition) is not None

    def decided(self, literal: Literal) -> bool:
        return literal in self.condition or (literal[0], literal[1], not literal[2]) in self.condition

    def _meet(self, demand: _Demand) -> None:
        event = demand.event
        if (event, demand.soft) in self._visited or (event, False) in self._visited:
            return
        self._visited.add((event, demand.soft))
        if not self.possible(event.condition) or event.number > self.extraction.number:
            return
        self.needs.events.add(event)
        for literal in event.condition:
            if not self.decided(literal):
                self.needs.seen[literal] = None
        match event.kind:
            case "bound":
                self._bound(event, demand)
            case "parameter":
                self._parameter(event, demand)
            case "self":
                self._object(event)
            case "attach":
                self._attach(event, demand)
            case "option":
                self._option(event)
            case "missing":
                self._missing(event, demand)
            case _:
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
            return
        self.needs.activities[activity] = None
        node = activity.node
        if isinstance(node, (n.For, n.With)) and (activity.frame, node) not in self.around:
            self.needs.kept.setdefault((activity.frame, node), Block(node, 0))
        self.demand(activity.reads, node, soft=soft, change=change)
        self._blocks(activity.frame, activity.blocks, soft, change)
        if isinstance(node, (n.FunctionDef, n.ClassDef)):
            self._free(node, activity.frame.scope)
        self._whole_objects(activity.frame, node)
        for choice, literal in activity.choices:
            if not self.decided(literal):
                self.needs.seen[literal] = None
            del choice

    def _whole_objects(self, frame: Frame, node: n.Node) -> None:
        bound = frame.bound
        name = self.objects.get(bound.id) if isinstance(bound, Location) else None
        is_definition = isinstance(node, (n.FunctionDef, n.ClassDef))
        if name and isinstance(bound, Location) and not is_definition and whole_uses(name, node):
            self.whole(bound, name)

    def whole(self, bound: Location, name: str) -> None:
        reason = f"The model depends on the whole object `{name}`, which is not made here."
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
            found: list[Event] = []
            for event in reversed(self.run.bindings.get((scope, name), ())):
                if event.number > self.extraction.number or not self.possible(event.condition):
                    continue
                found.append(event)
                if not event.condition - self.condition and name != "*":
                    break
            if found:
                return found
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
            undecided = [literal for literal in sorted_literals(block) if not self.decided(literal)]
            if isinstance(block.node, (n.If, n.Match)) and not kept and (block.decided or not undecided):
                continue
            kept = True
            if (frame, block.node) in self.needs.kept:
                continue
            self.needs.kept[frame, block.node] = block
            for literal in undecided:
                self.needs.seen[literal] = None
            if isinstance(block.node, n.Match) and undecided:
                self.needs.problems.append(Problem("", literal=undecided[-1]))
                continue
            self.demand(block.reads, block.node, undecided[-1] if undecided else None, soft, change)

    # Parameters and objects

    def _parameter(self, event: Event, demand: _Demand) -> None:
        frame = event.frame
        if not self.is_inline(frame):
            self._statement(frame.activity, demand)
            return
        if isinstance(event.owner, Location) and event.owner.id in self.objects:
            self._made(event.owner)
            if event.name != self.objects[event.owner.id]:
                self.needs.parameters[event] = self.objects[event.owner.id]
            return
        if event.inlined is not None:
            self._enter_chain(event.inlined, (), frozenset())
        if event.variants:
            self._variant(event, demand)
            return
        if event.subject is None:
            if not event.text:
                self.needs.problems.append(Problem(f"`{event.name}` is not made here.", change=demand.change))
                return
            self.needs.parameters[event] = event.text
            self.demand(event.reads, event.node, soft=demand.soft, change=demand.change)
            return
        text = stand_in(event, self.condition, demand.user)
        if text is None:
            if not demand.soft:
                self._unknown(event, demand)
            self._visited.discard((event, demand.soft))
            return
        self.needs.parameters[event] = text
        parameter = event.node
        assert isinstance(parameter, n.Parameter)
        if parameter.default is not None and text == frame.document.code(parameter.default):
            scope = self.run.parents[frame.scope]
            self._free_of_expression(parameter.default, scope)
            values = event.subject.default or ()
            if len(values) == 1 and isinstance(values[0][0], Const):
                self.needs.defaults.add((event.subject, values[0][0].value, True))

    def _free_of_expression(self, node: n.Expression, scope: int | None) -> None:
        for name in sorted(free_names(node)):
            for event in self.bound_to(name, scope) or self.bound_to("*", scope):
                self._queue.append(_Demand(event, node, None, False))

    def _bound(self, event: Event, demand: _Demand) -> None:
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

    def _object(self, event: Event) -> None:
        if isinstance(event.owner, Location) and event.owner.id in self.objects:
            self.needs.objects[event] = None

    def _made(self, owner: Location) -> None:
        stored = self.extraction.state.binding((owner.id, "<self>"))
        for event in stored.events if stored is not None else ():
            self.needs.objects[event] = None

    def _attach(self, event: Event, demand: _Demand) -> None:
        if not isinstance(event.owner, Location):
            return
        if event.owner.id not in self.objects or not self.is_inline(event.frame):
            if event.owner.id in self.objects:
                self._attached(event)
            return
        self._attached(event)
        del demand

    def _attached(self, event: Event) -> None:
        known = {(each.owner, each.name) for each in self.needs.attachments}
        if (event.owner, event.name) in known:
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

    def _option(self, event: Event) -> None:
        """An option of the command line: a slice runs with the default."""
        subject = event.subject
        if subject is not None:
            self.needs.options[subject] = None
            values = subject.default or ()
            if len(values) == 1 and isinstance(values[0][0], Const):
                self.needs.defaults.add((subject, values[0][0].value, True))

    def _missing(self, event: Event, demand: _Demand) -> None:
        if not self.is_inline(event.frame) or demand.soft:
            return
        if event.owner is None:
            self.needs.problems.append(Problem(event.text, literal=demand.literal, change=demand.change))
        elif isinstance(event.owner, Location) and event.owner.id in self.objects:
            name = self.objects[event.owner.id]
            reason = f"`{name}.{event.name}` is not set in `__init__` of this class."
            self.needs.problems.append(Problem(reason, whole=event.owner, literal=demand.literal, change=demand.change))


def is_initialiser(frame: Frame) -> bool:
    """Whether a frame sets up an object: its ``__init__``, or what a test runner calls before a test."""
    return frame.initialises or (isinstance(frame.node, n.FunctionDef) and frame.node.name == "__init__")


def sorted_literals(block: Block) -> list[Literal]:
    return sorted(block.literals, key=lambda literal: (literal[0].node.start_pos, str(literal[1]), literal[2]))


def function_name(function: FunctionValue) -> str:
    if not isinstance(function.node, n.FunctionDef):
        return "lambda"
    owner = function.owner
    return f"{owner.node.name}.{function.node.name}" if isinstance(owner, ClassValue) else function.node.name
