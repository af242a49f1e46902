"""``functools.singledispatch``: which of several functions a call means, by the type of its first argument."""

from __future__ import annotations

from dataclasses import replace

from fxlens.source.alternatives import certain, joined, under
from fxlens.source.analysis.callables import Given
from fxlens.source.analysis.functions import Functions
from fxlens.source.conditions import conjunction
from fxlens.source.library import objects
from fxlens.source.library.testing import DISPATCHES, REGISTERS
from fxlens.source.syntax import nodes as n
from fxlens.source.values import TRUTHY, Alternatives, Condition, FunctionValue, Method, Reference, Value


class Dispatch(Functions):
    """Notes what is registered for a type, and goes into it."""

    def registered(self, maker: Value, node: n.FunctionDef | n.ClassDef) -> None:
        """Note what a decorator says of a function: that it dispatches, or is registered with one that does."""
        if not isinstance(node, n.FunctionDef):
            return
        function = FunctionValue(node, self.frame.document, self.frame.scope)
        if isinstance(maker, Reference) and maker.dotted in DISPATCHES:
            self.run.dispatched[node] = []
        elif isinstance(maker, Reference) and maker.dotted == REGISTERS:
            generic, kinds = maker.wrapped
            self._register(generic, kinds, function)
        elif isinstance(maker, Method) and self._dispatches(maker):
            self._register(maker.owner, self._annotated_kind(node), function)

    def _annotated_kind(self, node: n.FunctionDef) -> Alternatives:
        """The type that the annotation of a function's first parameter names."""
        first = node.parameters[self._is_method() :][:1]
        annotations = [each.annotation for each in first if each.annotation is not None]
        return self.evaluate(annotations[0]) if annotations else ()

    def _is_method(self) -> int:
        return int(self.frame.scope in self.run.class_scopes)

    def _dispatches(self, callee: Method) -> bool:
        function = callee.owner
        return (
            isinstance(function, FunctionValue) and function.node in self.run.dispatched and callee.name == "register"
        )

    def register_method(self, callee: Method, arguments: list[Given]) -> Alternatives | None:
        """``tap.register(kind)``, which is a decorator, and ``tap.register(kind, function)``."""
        if not self._dispatches(callee) or not arguments:
            return None
        for value, _ in arguments[1].alternatives if len(arguments) > 1 else ():
            if isinstance(value, FunctionValue):
                self._register(callee.owner, arguments[0].alternatives, value)
        return certain(Reference(REGISTERS, wrapped=(callee.owner, arguments[0].alternatives)))

    def _register(self, generic: Value, kinds: Alternatives, function: FunctionValue) -> None:
        assert isinstance(generic, FunctionValue)
        self.run.dispatched[generic.node].append((kinds, replace(function, owner=generic.owner)))

    def call_function(self, callee: FunctionValue, arguments: list[Given], node: n.Expression) -> Alternatives:
        registered = self.run.dispatched.get(callee.node)
        if not registered or not arguments or arguments[0].star:
            return super().call_function(callee, arguments, node)
        self.run.entered.add(callee.node)  # Called it is; that no type leads to its own body is known then.
        sides: list[Alternatives] = []
        for value, condition in self.settled(arguments[0].alternatives):
            rest = self._by_type(callee, value, condition, arguments, node, sides)
            if rest is not None:
                with self.assuming(rest) as possible:
                    if possible:
                        passed = [replace(arguments[0], alternatives=((value, condition),)), *arguments[1:]]
                        sides.append(under(super().call_function(callee, passed, node), rest))
        return joined(*sides)

    def _by_type(
        self,
        callee: FunctionValue,
        value: Value,
        condition: Condition,
        arguments: list[Given],
        node: n.Expression,
        sides: list[Alternatives],
    ) -> Condition | None:
        """Call what is registered for the type of ``value``; the condition under which it has none of these types."""
        rest: Condition | None = condition
        passed = [replace(arguments[0], alternatives=((value, condition),)), *arguments[1:]]
        for kinds, function in reversed(self.run.dispatched[callee.node]):
            classes = objects.classes_of(self, kinds)
            answer = objects.is_instance(self, value, classes) if classes is not None else None
            if answer is False or rest is None:
                continue
            question = objects.question_of_type(self, value, classes or (), node)
            literals = frozenset() if answer else frozenset({(question, TRUTHY, True)})
            with self.assuming(rest | literals) as possible:
                if possible:
                    result = super().call_function(replace(function, bound=callee.bound), passed, node)
                    sides.append(under(result, rest | literals))
            rest = None if answer else conjunction(rest, frozenset({(question, TRUTHY, False)}))
        return rest
