"""Definitions of functions and classes."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace

from fxlens.source.alternatives import certain
from fxlens.source.analysis.callables import Given
from fxlens.source.analysis.events import Read
from fxlens.source.analysis.match_statements import Patterns
from fxlens.source.analysis.state import Binding
from fxlens.source.library.testing import GIVES_YIELDED
from fxlens.source.library.torch import LEAVES_RESULTS
from fxlens.source.syntax import nodes as n
from fxlens.source.values import Alternatives, ClassValue, FunctionValue, Reference, Unknown, Value

RESERVED = 1000
"""The numbers of events that are kept for a class body that is run later: more than statements stand in any."""


class Definitions(Patterns):
    """Runs definitions; the body of a class when something of it is needed."""

    def do_FunctionDef(self, node: n.FunctionDef) -> None:  # noqa: N802
        value: Alternatives = certain(FunctionValue(node, self.frame.document, self.frame.scope))
        for parameter in node.parameters:
            if parameter.default is not None:
                mark = len(self.activity.reads)
                default = self.evaluate(parameter.default)
                events = frozenset().union(*(read.events for read in self.activity.reads[mark:]))
                self.state.set((parameter, self.frame.scope), Binding(default, events))
        if not self._is_setter(node):
            self.assign(node.name, self._decorated(node, value))

    def _is_setter(self, node: n.FunctionDef) -> bool:
        """Note what sets a property: its name stays that of what gets it."""
        owner = self.run.class_scopes.get(self.frame.scope)
        kinds = {each.name for each in node.decorators if isinstance(each, n.Attribute)}
        if owner is None or kinds.isdisjoint(("setter", "deleter")):
            return False
        if "setter" in kinds:
            value = FunctionValue(node, self.frame.document, self.frame.scope, owner=owner)
            self.state.set((self.frame.scope, ("setter", node.name)), Binding(certain(value)))
        return True

    def _decorated(self, node: n.FunctionDef | n.ClassDef, value: Alternatives) -> Alternatives:
        """What the decorators of the workspace make of a definition; those of libraries leave it as it is."""
        for decorator in reversed(node.decorators):
            for maker, _ in self.evaluate(decorator):
                if made_by(maker) in GIVES_YIELDED:
                    self.run.gives_yielded.add(node)
                self.registered(maker, node)
                self.declared_by(maker, node, decorator)
                followed = made_by(maker) in LEAVES_RESULTS
                if isinstance(maker, FunctionValue):
                    made = self.call_value(maker, [self._undecorated(node, value, decorator)], decorator)
                    if made and all(isinstance(each, (FunctionValue, ClassValue)) for each, _ in made):
                        value, followed = made, True
                if not followed:
                    self.run.outputs.not_as_written.add(node)
        return value

    @abstractmethod
    def declared_by(self, maker: Value, node: n.FunctionDef | n.ClassDef, decorator: n.Expression) -> None:
        """Note an option of the command line that a decorator declares."""

    @abstractmethod
    def registered(self, maker: Value, node: n.FunctionDef | n.ClassDef) -> None:
        """Note what a decorator of a library says of a definition."""

    def _undecorated(self, node: n.FunctionDef | n.ClassDef, value: Alternatives, decorator: n.Expression) -> Given:
        """What a decorator is given: the definition as it stands, which no name means afterwards."""
        argument = self.argument_of(value, decorator)
        if self.frame.scope not in self.run.class_scopes:
            argument.text, argument.reads, argument.undecorated = node.name, [Read(frozenset({self.event()}))], node
        return argument

    def argument_of(self, alternatives: Alternatives, node: n.Expression) -> Given:
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


def made_by(maker: Value) -> str:
    """The dotted name of a library's decorator, written with arguments or without."""
    if isinstance(maker, Reference):
        return maker.dotted
    return maker.subject.made_by if isinstance(maker, Unknown) else ""
