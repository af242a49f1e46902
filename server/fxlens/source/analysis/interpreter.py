"""The interpreter of one program, and of the functions that are never called."""

from __future__ import annotations

from dataclasses import replace

from fxlens.source.alternatives import certain
from fxlens.source.analysis.events import Frame
from fxlens.source.analysis.run import Run
from fxlens.source.analysis.state import Binding
from fxlens.source.analysis.test_parameters import Tests
from fxlens.source.library import testing
from fxlens.source.syntax import lowered
from fxlens.source.syntax import nodes as n
from fxlens.source.text.document import Document
from fxlens.source.values import Alternatives, ClassValue, Const, Container, FunctionValue, Location, Value


class Interpreter(Tests):
    """Runs one file as a program, or as the module ``name``, with what it needs of the workspace's modules."""

    def __init__(self, run: Run, document: Document, name: str = "__main__") -> None:
        scope = run.scopes = run.scopes + 1
        run.parents[scope] = None
        frame = Frame(document, lowered(document), scope)
        super().__init__(run, frame)
        self.document = document
        self._root = document.path
        frame.entry = self.state
        run.modules[scope] = frame
        self.state.set((scope, "__name__"), Binding(certain(Const(name))))

    @property
    def root(self) -> str:
        return self._root

    def run_module(self) -> None:
        self.run_block(lowered(self.document).body)

    # Definitions

    def do_FunctionDef(self, node: n.FunctionDef) -> None:  # noqa: N802
        if node.decorators:
            self.note_test(node)
        super().do_FunctionDef(node)
        owner = self.run.class_scopes.get(self.frame.scope)
        self.run.definitions[node] = FunctionValue(node, self.frame.document, self.frame.scope, owner=owner)

    def do_ClassDef(self, node: n.ClassDef) -> None:  # noqa: N802
        if node.decorators:
            self.note_test(node)
        super().do_ClassDef(node)

    def of_Lambda(self, node: n.Lambda) -> Alternatives:  # noqa: N802
        function = super().of_Lambda(node)
        for value, _ in function:
            if isinstance(value, FunctionValue):
                self.run.definitions.setdefault(node, value)
        return function

    def instantiate(self, callee: ClassValue, arguments: list, node: n.Expression) -> Alternatives:  # type: ignore[type-arg]
        instance = super().instantiate(callee, arguments, node)
        for each in self.mro(callee):
            instances = self.run.instances.setdefault(each.node, [])
            instances += [value for value, _ in instance if isinstance(value, Location)]
        return instance

    # What is never called

    def run_symbolic(self, function: FunctionValue) -> None:
        """Run a function that is never called, with parameters that only a run can tell."""
        owner = function.owner
        bindings: list[Value | None] = [None]
        if owner is not None and isinstance(function.node, n.FunctionDef):
            bindings = list(self._selves(owner, function))
        condition = self.state.condition
        for bound in bindings:
            # What holds behind one function that is never called says nothing of the next.
            self.state.condition = condition
            value = replace(function, bound=bound)
            self.run.entered.add(function.node)
            self.run_function(value, [], n.Expression(function.node.start_pos, function.node.start_pos), symbolic=True)
        self.state.condition = condition

    def _selves(self, owner: ClassValue, function: FunctionValue) -> list[Value | None]:
        node = function.node
        assert isinstance(node, n.FunctionDef)
        if any(isinstance(each, n.Name) and each.name == "staticmethod" for each in node.decorators):
            return [None]
        if any(isinstance(each, n.Name) and each.name == "classmethod" for each in node.decorators):
            return [owner]
        instances = self.run.instances.get(owner.node)
        if not instances:
            instances = self.run.instances[owner.node] = [self._symbolic_instance(owner, node)]
        return list(instances)

    def _symbolic_instance(self, owner: ClassValue, method: n.FunctionDef) -> Location:
        location = self.allocate(Container("instance", instance_of=owner))
        event = self.new_event("self", owner.node, [])
        event.owner = location
        self.state.set((location.id, "<self>"), Binding((), frozenset({event})))
        if method.name == "__init__":
            return location
        self._initialise(owner, location, method)
        self._set_up(owner, location, method)
        return location

    def _set_up(self, owner: ClassValue, location: Location, method: n.FunctionDef) -> None:
        """What a test runner calls before each test."""
        methods = [
            (kind, node)
            for kind in reversed(self.mro(owner))
            for node in kind.node.body
            if isinstance(node, n.FunctionDef) and node is not method
        ]
        for kind, node in methods:
            if node.name in testing.SETS_UP_CLASS:
                self._call_to_set_up(kind, node, location)
        for kind, node in methods:
            if node.name in testing.SETS_UP or node in self.run.used_always:
                self._call_to_set_up(kind, node, location)

    def _call_to_set_up(self, owner: ClassValue, node: n.FunctionDef, location: Location) -> None:
        condition = self.state.condition
        for value, _ in self.class_member(owner, node.name, location) or ():
            if isinstance(value, FunctionValue):
                self.run.entered.add(node)
                expression = n.Expression(node.start_pos, node.start_pos)
                # Of a class: what it is given, its objects have, and only one of these is looked at here.
                value = replace(value, bound=location)
                self.run_function(value, [], expression, symbolic=True, initialises=True)
        self.state.condition = condition

    def _initialise(self, owner: ClassValue, location: Location, method: n.FunctionDef) -> None:
        for value, _ in self.class_member(owner, "__init__", location) or ():
            if isinstance(value, FunctionValue):
                extractions_before = len(self.run.extractions)
                was_entered = value.node in self.run.entered
                self.run_function(value, [], n.Expression(method.start_pos, method.start_pos), symbolic=True)
                if not was_entered and len(self.run.extractions) > extractions_before:
                    self.run.entered.add(value.node)
