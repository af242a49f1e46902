"""The ground of the interpreter: memory, names, events. What is common to statements, expressions and calls."""

from __future__ import annotations

import builtins
from abc import abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from fxlens.source.alternatives import certain, joined, subject_of, under
from fxlens.source.analysis.declarations import Declarations
from fxlens.source.analysis.events import Activity, Block, Event, Frame, Read
from fxlens.source.analysis.run import Run
from fxlens.source.analysis.state import Binding, State, Stored
from fxlens.source.conditions import conflict, conjunction
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    TRUTHY,
    Alternatives,
    ClassValue,
    Condition,
    Const,
    Container,
    Item,
    Literal,
    Location,
    Member,
    Method,
    Reference,
    Subject,
    Unknown,
    Value,
)

BUILTINS = frozenset(dir(builtins))
MODULE_NAMES = frozenset({"__file__", "__name__", "__doc__", "__package__", "__spec__", "__builtins__"})

EXIT = Method(Const(None), "<exit>")
"""What an expression evaluates to behind which no run goes on."""


class Machine(Declarations):
    """Reads and writes memory, and notes what is read and written."""

    def __init__(self, run: Run, root: Frame) -> None:
        self.run = run
        self.state = State(run.shared)
        self.frame = root
        self.activity = Activity(root, n.Pass((1, 0), (1, 0)), ())
        self.blocks: tuple[Block, ...] = ()
        self.deciding: Literal | None = None
        self.entering: tuple[n.Expression, Callable[[Alternatives], None]] | None = None
        """The manager of a ``with`` that is being entered, and what is run where its generator yields."""
        self.probes: list[list[Event]] = []
        """What the bodies of ``try`` that are being run ask the machine for, innermost last."""
        self.tests = 0
        self.accessing: n.Attribute | None = None
        """The attribute that is being looked up, and may be a property."""
        self.assuming_defaults = False
        """How many tests are being evaluated, one in another: in them parameters are not at their defaults."""

    # Scopes

    def new_scope(self, parent: int | None) -> int:
        self.run.scopes += 1
        self.run.parents[self.run.scopes] = parent
        return self.run.scopes

    def allocate(self, container: Container) -> Location:
        self.run.scopes += 1
        location = Location(self.run.scopes)
        events = frozenset({self.activity.event}) if self.activity.event is not None else frozenset()
        self.state.set(("heap", location.id), Stored(container, events))
        if container.kind == "dict" and not container.items:
            self.run.tables[location.id] = self.frame.chain[-1].document.path
        return location

    def container(self, value: Value) -> Container | None:
        if isinstance(value, Location):
            stored = self.state.stored(("heap", value.id))
            return stored.container if stored is not None else None
        return None

    def collection(self, value: Value | None) -> Container | None:
        """The container that a value is, unless that is an object of a class."""
        container = self.container(value) if value is not None else None
        return container if container is not None and container.kind != "instance" else None

    def kind_of(self, value: Value) -> ClassValue | None:
        """The class of the workspace that a value is an object of."""
        container = self.container(value)
        return container.instance_of if container is not None else None

    def read_binding(self, key: Hashable) -> Alternatives | None:
        """What is bound under a key of memory, with note of that; nothing if nothing is."""
        stored = self.state.binding(key)
        if stored is None:
            return None
        self.read(stored.events)
        return stored.alternatives

    def bind_key(self, key: Hashable, value: Alternatives) -> None:
        """Bind a value under a key of memory, as the statement does that is being executed."""
        self.state.set(key, Binding(value, frozenset({self.event()})))

    def any_of(self, sides: Sequence[Alternatives], node: n.Expression) -> Alternatives:
        """All of the sides; of none, a value that only a run can tell."""
        return joined(*sides) if sides else self.unknown(node)

    def change(self, location: Location, container: Container) -> None:
        """Replace what a container holds, as the statement does that is being executed.

        The statement reads what the container held before: so earlier changes are found from the last one, and n
        changes cost n steps.
        """
        stored = self.state.stored(("heap", location.id))
        event = self.event()
        self.note_changes(stored.container if stored is not None else None, container)
        if stored is not None:
            self.read(stored.events - {event})
        self.state.set(("heap", location.id), Stored(container, frozenset({event})))
        if stored is not None and isinstance(container.attributes_of, Location):
            self._set_attributes(container.attributes_of, container.items[len(stored.container.items) :], event)

    def _set_attributes(self, owner: Location, entries: Iterable[Item], event: Event) -> None:
        """Set what a program puts into the table of an object's attributes."""
        event.changed = owner
        for item in entries:
            for key, _ in item.key or ():
                if isinstance(key, Const) and isinstance(key.value, str):
                    self.state.set((owner.id, key.value), Binding(item.value, frozenset({event})))

    def made(self, kind: str, items: tuple[Item, ...], opened: Subject | None = None) -> Alternatives:
        return certain(self.allocate(Container(kind, items, opened)))

    def unorder(self, alternatives: Alternatives) -> None:
        """Note that only a run can tell in which order the items of new containers stand."""
        for value, _ in alternatives:
            container = self.container(value)
            if container is not None and isinstance(value, Location):
                self.change(value, replace(container, unordered=True))

    # Subjects

    def unknown(self, node: n.Node, reason: str = "", made_by: str = "") -> Alternatives:
        return certain(Unknown(Subject(self.frame.document, node, reason=reason, made_by=made_by)))

    def subject(self, key: object, node: n.Node, part_of: Subject | None = None) -> Subject:
        """The same subject each time it is asked for by the same key."""
        cached = self.run.subjects.get(key)
        if cached is None:
            cached = self.run.subjects[key] = Subject(self.frame.document, node, part_of)
        return cached

    # Events

    def event(self) -> Event:
        """The event of the statement that is being executed."""
        activity = self.activity
        if activity.event is None:
            activity.event = self.new_event("statement", activity.node, activity.reads)
        return activity.event

    def new_event(self, kind: str, node: n.Node, reads: list[Read]) -> Event:
        self.run.events += 1
        return Event(
            self.run.events,
            kind,  # type: ignore[arg-type]
            self.frame,
            node,
            self.state.condition,
            self.activity.blocks,
            reads,
            activity=self.activity,
        )

    def read(self, events: frozenset[Event], changes: bool = False) -> None:
        if events:
            self.activity.reads.append(Read(events, self.state.condition, self.deciding, changes))

    def touched(self, alternatives: Alternatives) -> Alternatives:
        """Note that the objects among the values are looked at, with all that changed them."""
        for value, _ in alternatives:
            if isinstance(value, Location):
                stored = self.state.stored(("heap", value.id))
                if stored is not None:
                    self.read(stored.events)
            elif isinstance(value, Unknown):
                self._touch(value.subject)
        return alternatives

    def _touch(self, subject: Subject) -> None:
        changed = self.state.binding(("changes", subject.root))
        if changed is not None:
            self.read(changed.events, changes=True)
        for part in subject.root.parts:
            self._touch(part)

    def is_changed(self, subject: Subject) -> bool:
        return self.state.binding(("changes", subject.root)) is not None

    def changed(self, subject: Subject) -> None:
        """Note that the statement changes something unknown, such as a model."""
        key = ("changes", subject.root)
        before, event = self.state.binding(key), self.event()
        if before is not None and event not in before.events:
            self._read_earlier(before.events)
        self.state.set(key, Binding((), frozenset({event})))

    def _read_earlier(self, events: frozenset[Event]) -> None:
        """Note what changed an object before: changes are found from the last one, so that n of them cost n steps."""
        reads = [read for read in self.activity.reads if read.changes and read.events == events]
        if not reads:
            self.read(events, changes=True)
            reads = self.activity.reads[-1:]
        for read in reads:
            read.earlier = True

    def set_environment(self, names: Alternatives) -> None:
        """Note that the program sets variables of the environment: libraries read them when they are imported."""
        texts = (value.value for value, _ in names if isinstance(value, Const))
        self.run.open_settings.update((text, None) for text in texts if isinstance(text, str))

    # Names

    def assign(self, name: str, alternatives: Alternatives, scope: int | None = None) -> None:
        target = scope if scope is not None else self._scope_of(name)
        event = self.event()
        if target != self.frame.scope:
            self.note_kept(alternatives)
        self.state.set((target, name), Binding(alternatives, frozenset({event})))
        self.note_bound(target, name, alternatives, event)

    def note_bound(self, owner: int, name: str, alternatives: Alternatives, event: Event) -> None:
        self.run.bindings.setdefault((owner, name), []).append(event)
        extractors = self.run.outputs.extractors
        if extractors and any(isinstance(value, Unknown) and value.subject in extractors for value, _ in alternatives):
            self.run.outputs.held[owner, name] = None

    def _scope_of(self, name: str) -> int:
        to_module = self.frame.outer_names.get(name)
        if to_module is None:
            return self.frame.scope
        scope = self.run.parents[self.frame.scope]
        while scope is not None and not to_module and self.state.get((scope, name)) is None:
            scope = self.run.parents[scope]
        while to_module and scope is not None and self.run.parents[scope] is not None:
            scope = self.run.parents[scope]
        return scope if scope is not None else self.frame.scope

    def module_scope(self) -> int:
        """The scope of the module around the code that is being run."""
        scope = self.frame.scope
        while (parent := self.run.parents[scope]) is not None:
            scope = parent
        return scope

    def lookup(self, name: str, scope: int | None) -> Binding | None:
        """What a name holds, in the scope or those around it; class bodies are seen from themselves only."""
        first = True
        while scope is not None:
            if first or scope not in self.run.class_scopes:
                binding = self.state.binding((scope, name))
                if binding is not None:
                    return binding
            first = False
            scope = self.run.parents[scope]
        return None

    def name(self, node: n.Name) -> Alternatives:
        value = self.lookup(node.name, self.frame.scope)
        if value is None:
            return self._missing(node)
        self.read(value.events)
        return self.touched(self.present(self.resolved(value.alternatives)))

    @abstractmethod
    def resolved(self, alternatives: Alternatives) -> Alternatives:
        """The alternatives with the names of other modules looked up there."""

    def present(self, alternatives: Alternatives) -> Alternatives:
        """The alternatives that are possible here, with what the path says of them."""
        condition = self.state.condition
        if not condition:
            return alternatives
        return tuple(
            (self._refined(value), own) for value, own in alternatives if conjunction(own, condition) is not None
        )

    def _refined(self, value: Value) -> Value:
        if isinstance(value, Unknown):
            for subject, constant, holds in self.state.condition:
                if holds and subject is value.subject and constant is not TRUTHY:
                    return constant if isinstance(constant, Member) else Const(constant)
        return value

    def _missing(self, node: n.Name) -> Alternatives:
        stars = self.lookup("*", self.frame.scope)
        if stars is not None:
            self.read(stars.events)
            return self.from_stars(node, stars.alternatives)
        return self.undefined(node)

    def undefined(self, node: n.Name) -> Alternatives:
        """A builtin, or a name that nothing in the file binds."""
        if node.name in BUILTINS and node.name not in MODULE_NAMES:
            return certain(Reference(node.name))
        if node.name not in MODULE_NAMES:
            event = self.new_event("missing", node, [])
            event.text = f"`{node.name}` is not defined in this file."
            event.name = node.name
            self.read(frozenset({event}))
        return certain(Unknown(self.subject(("name", node.name, self.frame.document), node)))

    def tested_with(self, tested: Alternatives, reads: list[Read]) -> None:
        """Note what was read for values on which something depends: the entry of a table, the case of a match."""
        events = frozenset().union(*(read.events for read in reads))
        for value, _ in tested:
            if isinstance(value, Unknown):
                self.run.tested.setdefault(value.subject, set()).update(events)

    # Paths

    @contextmanager
    def assuming(self, literals: frozenset[Literal]) -> Iterator[bool]:
        """Evaluate part of an expression under a condition more; tells whether that is possible."""
        before = self.state.condition
        both = conjunction(before, literals)
        if both is None:
            yield False
            return
        self.state.condition = both
        try:
            yield True
        finally:
            self.state.condition = before

    @contextmanager
    def testing(self, literal: Literal | None) -> Iterator[None]:
        before, self.deciding = self.deciding, literal or self.deciding
        try:
            yield
        finally:
            self.deciding = before

    def used(self, alternatives: Alternatives) -> Alternatives:
        """The alternatives as they are used; in a test, what no call passes stays open."""
        if self.tests and (not self.assuming_defaults or self._has_options(alternatives)):
            return alternatives
        return self.settled(alternatives)

    def keys(self, alternatives: Alternatives) -> Alternatives:
        """The alternatives as the keys of a table: an option of the command line stays open there."""
        return alternatives if self._has_options(alternatives) else self.used(alternatives)

    def _has_options(self, alternatives: Alternatives) -> bool:
        events = self.run.option_events
        return bool(events) and any(isinstance(v, Unknown) and v.subject in events for v, _ in alternatives)

    def settled(self, alternatives: Alternatives) -> Alternatives:
        """The alternatives with parameters that no call passes at their default values."""
        if not any(isinstance(value, Unknown) and value.subject.default for value, _ in alternatives):
            return alternatives
        return tuple(each for value, condition in alternatives for each in self._at_default(value, condition))

    def _at_default(self, value: Value, condition: Condition) -> Alternatives:
        subject = subject_of(value)
        if subject is None or subject.default is None:
            return ((value, condition),)
        literals = [each for each in {*condition, *self.state.condition} if each[0] is subject]
        return tuple(each for each in under(subject.default, condition) if admits(each[0], literals))


def admits(value: Value, literals: list[Literal]) -> bool:
    """Whether a default value is possible where ``literals`` hold of its parameter."""
    if isinstance(value, Const):
        return not any(conflict((literal[0], value.value, True), literal) for literal in literals)
    excluding = ((None, True), (TRUTHY, False))  # It is None, or it is not true.
    return not any((constant, holds) in excluding for _, constant, holds in literals)
