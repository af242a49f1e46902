"""What the definition of a class sets off: ``__init_subclass__`` of its bases, and its metaclass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fxlens.source.alternatives import certain
from fxlens.source.analysis.callables import Given
from fxlens.source.analysis.classes import names_bound_by
from fxlens.source.analysis.events import Frame
from fxlens.source.analysis.imports import Modules
from fxlens.source.analysis.run import Run
from fxlens.source.analysis.state import Binding
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    Alternatives,
    ClassValue,
    Const,
    FunctionValue,
    Imported,
    Item,
    Method,
    ModuleValue,
    Super,
    Value,
)

_SIGNS = ("__init_subclass__", "metaclass", "(type)")
"""One of these stands in a file that holds a class which does something when another one is made of it."""
_CREATED = Method(Const(None), "<created>")


class ClassHooks(Modules):
    """Runs what fills registries of classes; nothing of a class whose bases have no such thing is looked into."""

    def __init__(self, run: Run, root: Frame) -> None:
        super().__init__(run, root)
        self._without_hooks: dict[str, Binding] = {}
        """Bindings of which it is told: most classes of a file have the same few bases."""

    def do_ClassDef(self, node: n.ClassDef) -> None:  # noqa: N802
        super().do_ClassDef(node)
        if node.arguments and any(self._may_have_hooks(argument) for argument in node.arguments):
            for value, _ in self.defined_classes(node):
                self._set_off(value)

    def defined_classes(self, node: n.ClassDef) -> Iterator[tuple[ClassValue, object]]:
        binding = self.state.binding((self.frame.scope, node.name))
        for value, condition in binding.alternatives if binding is not None else ():
            if isinstance(value, ClassValue) and value.node is node:
                yield value, condition

    # Told by texts, before anything is parsed or run

    def _may_have_hooks(self, argument: n.Argument) -> bool:
        first = argument.value
        while isinstance(first, n.Attribute):
            first = first.value
        if not isinstance(first, n.Name):
            return False
        if argument.keyword == "metaclass":
            return True
        binding = self.lookup(first.name, self.frame.scope)
        if binding is None or binding is self._without_hooks.get(first.name):
            return False
        may_have = any(self._has_sign(value) for value, _ in binding.alternatives)
        if not may_have:
            self._without_hooks[first.name] = binding
        return may_have

    def _has_sign(self, value: Value) -> bool:
        match value:
            case ClassValue():
                return value.document.mentions_any(_SIGNS)
            case Imported():
                path = self.module_path(value.module, value.importer)
            case ModuleValue():
                path = value.path
            case _:
                return False
        text = self.run.workspace.text(path) if self.run.workspace is not None and path is not None else None
        return text is not None and any(sign in text for sign in _SIGNS)

    # What is run

    def _set_off(self, made: ClassValue) -> None:
        line = self.mro(made)
        for base in line[1:]:
            hook = self.lookup_in_class(base, "__init_subclass__")
            if hook is not None:
                for value, _ in hook.alternatives:
                    self._call_hook(value, base, made, self._keywords(made.node))
                break
        self._run_metaclass(made, [kind for each in line for kind in self._metaclasses(each)])

    def _keywords(self, node: n.ClassDef) -> list[Given]:
        return self.arguments(each for each in node.arguments if each.keyword and each.keyword != "metaclass")

    def _call_hook(self, value: Value, owner: ClassValue, bound: Value, arguments: list[Given]) -> None:
        if isinstance(value, FunctionValue):
            self.call_value(replace(value, owner=owner, bound=bound), arguments, _expression(value.node))

    def _metaclasses(self, owner: ClassValue) -> list[ClassValue]:
        written = [each.value for each in owner.node.arguments if each.keyword == "metaclass"]
        return [value for each in written for value, _ in self.evaluate(each) if isinstance(value, ClassValue)]

    def _run_metaclass(self, made: ClassValue, kinds: list[ClassValue]) -> None:
        for kind in kinds[:1]:
            arguments = [self.argument_of(each, _expression(made.node)) for each in self._parts_of_class(made)]
            self.run.created.append(made)
            for name in ("__new__", "__init__"):
                for owner in self.mro(kind):
                    binding = self.lookup_in_class(owner, name)
                    for value, _ in binding.alternatives if binding is not None else ():
                        self._call_hook(value, owner, kind if name == "__new__" else made, arguments)
                    if binding is not None:
                        break
            self.run.created.pop()

    def _parts_of_class(self, made: ClassValue) -> tuple[Alternatives, Alternatives, Alternatives]:
        """Name, bases and namespace of a class, as its metaclass is arguments them."""
        names = dict.fromkeys(name for each in made.node.body for name in names_bound_by(each))
        entries = ((name, self.lookup_in_class(made, name)) for name in names)
        items = tuple(
            Item(binding.alternatives, key=certain(Const(name))) for name, binding in entries if binding is not None
        )
        bases = tuple(Item(self.evaluate(each.value)) for each in made.node.arguments if not each.keyword)
        return certain(Const(made.node.name)), self.made("tuple", bases), self.made("dict", items)

    def super_member(self, owner: Super, name: str, node: n.Expression) -> Alternatives:
        member = super().super_member(owner, name, node)
        is_known = any(isinstance(value, (FunctionValue, Const)) for value, _ in member)
        return certain(_CREATED) if name == "__new__" and self.run.created and not is_known else member

    def _call_method(self, callee: Method, arguments: list[Given], node: n.Expression) -> Alternatives:
        if callee == _CREATED and self.run.created:
            return certain(self.run.created[-1])
        return super()._call_method(callee, arguments, node)

    def _of_objects(self, dotted: str, arguments: list[Given], node: n.Expression) -> Alternatives | None:
        if dotted == "type.__new__" and self.run.created:
            return certain(self.run.created[-1])
        return super()._of_objects(dotted, arguments, node)


def _expression(node: n.Node) -> n.Expression:
    """What stands for the expression of a call that Python makes where ``node`` stands."""
    return n.Expression(node.start_pos, node.start_pos)
