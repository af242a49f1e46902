"""Objects of the workspace's classes, and where their attributes come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from fxlens.source.alternatives import certain, mapped, of_kind
from fxlens.source.analysis.callables import Given, bound_to, decorated_with
from fxlens.source.analysis.dispatch import Dispatch
from fxlens.source.analysis.events import Event, Read
from fxlens.source.analysis.state import Binding
from fxlens.source.library import python
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    ALWAYS,
    Alternatives,
    ClassValue,
    Const,
    Container,
    FunctionValue,
    Item,
    Location,
    Method,
    Value,
)

MAKE = "__new__"
"""The function of a class that makes its objects."""


class Classes(Dispatch):
    """Makes objects."""

    def instantiate(self, callee: ClassValue, arguments: list[Given], node: n.Expression) -> Alternatives:
        if arguments and self.is_enumeration(callee):
            return self.member_of_value(callee, self.used(arguments[0].alternatives), node)
        if python.TYPED_DICT in self.library_bases(callee):
            keys = tuple(
                Item(each.alternatives, ALWAYS, certain(Const(each.keyword))) for each in arguments if each.keyword
            )
            return self.made("dict", keys)
        return self._made_by_class(callee, arguments, node) or self._initialised_object(callee, arguments, node)

    def _made_by_class(self, callee: ClassValue, arguments: list[Given], node: n.Expression) -> Alternatives | None:
        """What ``__new__`` of a class of the workspace returns; nothing unless it returns objects of that class."""
        makers = of_kind(FunctionValue, self.class_member(callee, MAKE, callee))
        if len(makers) != 1 or self.library_bases(callee) not in ([], ["object"]):
            return None
        made = self.call_value(bound_to(makers[0], callee), arguments, node)
        if not made or not all(self._is_object_of(value, callee) for value, _ in made):
            return None
        for value, _ in made:
            self._call_members(callee, "__init__", value, arguments, node)
        return made

    def _call_members(
        self, owner: ClassValue, name: str, bound: Value, arguments: list[Given], node: n.Expression
    ) -> bool:
        """Call the method of that name of an object; whether its class has one."""
        methods = self.class_member(owner, name, bound)
        for method, _ in methods or ():
            self.call_value(method, arguments, node)
        return methods is not None

    def _is_object_of(self, value: Value, kind: ClassValue) -> bool:
        own = self.kind_of(value)
        return own is not None and kind in self.mro(own)

    def new_object(self, kinds: Alternatives, node: n.Expression) -> Alternatives:
        """``object.__new__(kind)``."""

        def make(kind: Value) -> Alternatives:
            is_class = isinstance(kind, ClassValue)
            return certain(self._empty_object(kind, "instance")) if is_class else self.unknown(node)  # type: ignore[arg-type]

        return mapped(make, kinds)

    def _empty_object(self, callee: ClassValue, kind: str) -> Location:
        location = self.allocate(Container(kind, instance_of=callee))
        event = self.new_event("self", callee.node, [])
        event.owner = location
        self.state.set((location.id, "<self>"), Binding((), frozenset({event})))
        return location

    def _initialised_object(self, callee: ClassValue, arguments: list[Given], node: n.Expression) -> Alternatives:
        made_of = next((base for base in self.library_bases(callee) if base in python.BUILTIN_BASES), "")
        if made_of == "str" and len(arguments) == 1 and self.class_member(callee, MAKE, callee) is None:
            return arguments[0].alternatives
        kind = python.BUILTIN_BASES.get(made_of, "instance")
        location = self._empty_object(callee, kind)
        if not self._call_members(callee, "__init__", location, arguments, node):
            if kind != "instance":
                self.call_value(Method(location, "__init__"), arguments, node)
            self._fill_fields(callee, location, arguments, node)
            self._call_members(callee, "__post_init__", location, [], node)
        return certain(location)

    def _fill_fields(self, callee: ClassValue, location: Location, arguments: list[Given], node: n.Expression) -> None:
        """The fields of a data class or a named tuple, which have no ``__init__`` that is written out."""
        fields = annotated_fields(self.mro(callee), initialised=True)
        self._fill(location, fields, arguments)
        if python.NAMED_TUPLES.isdisjoint(self.library_bases(callee)):
            return
        items = tuple(Item(self.attribute(location, name, node)) for name in fields)
        self.change(location, Container("tuple", items, instance_of=callee))

    def _fill(self, location: Location, fields: Iterable[str], arguments: list[Given]) -> None:
        in_order = iter([each for each in arguments if each.is_in_order])
        named = {each.keyword: each for each in arguments if each.keyword}
        values = ((name, named.get(name), next(in_order, None)) for name in fields)
        for name, by_name, by_position in values:
            argument = by_name or by_position
            if argument is not None:
                self.event().changed = location
                self.bind_key((location.id, name), argument.alternatives)

    def mro(self, owner: ClassValue) -> list[ClassValue]:
        """The class and its bases in the workspace, in the order in which attributes are looked for, nearly."""
        order = [owner]
        for each in order:
            self.complete_class(each.scope)
            at = 0
            while (bases := self.state.binding((each.scope, ("base", at)))) is not None:
                order += [v for v, _ in bases.alternatives if isinstance(v, ClassValue) and v not in order]
                at += 1
        return order

    def set_property(self, owner: Location, name: str, value: Alternatives) -> bool:
        kind = self.kind_of(owner)
        for each in self.mro(kind) if kind is not None else ():
            setter = self.state.binding((each.scope, ("setter", name)))
            for function in of_kind(FunctionValue, setter.alternatives if setter is not None else ()):
                node = n.Expression(function.node.start_pos, function.node.end_pos)
                self.call_value(bound_to(function, owner), [self.argument_of(value, node)], node)
                return True
        return False

    def lookup_in_class(self, owner: ClassValue, name: str) -> Binding | None:
        self.complete_class(owner.scope)
        return self.state.binding((owner.scope, name))

    def read_attached(self, owner: Location, name: str) -> None:
        """Note that a method or a class's attribute is used of an object, which has to have it then."""
        event = self.new_event("attach", n.Pass((1, 0), (1, 0)), [])
        event.owner, event.name = owner, name
        kind = self.kind_of(owner)
        binding = self._bound_in_line(kind, name) if kind is not None else None
        if kind is not None and binding is not None:
            event.reads = [Read(binding.events)]
            kinds = [v for v, _ in binding.alternatives]
            event.text = _attachment(kinds[0] if kinds else None, name)
            self._attach_of_class(event, kind, kinds)
        self.read(frozenset({event}))

    def _bound_in_line(self, kind: ClassValue, name: str) -> Binding | None:
        """What a class, or the first of its bases that has such an attribute, binds."""
        bindings = (self.lookup_in_class(each, name) for each in self.mro(kind))
        return next((binding for binding in bindings if binding is not None), None)

    def _attach_of_class(self, event: Event, owner: ClassValue, kinds: list[Value]) -> None:
        """A method that is given the class needs all of that."""
        node = kinds[0].node if kinds and isinstance(kinds[0], FunctionValue) else None
        defined = self.lookup(owner.node.name, owner.closure)
        if isinstance(node, n.FunctionDef) and decorated_with(node, "classmethod") and defined is not None:
            event.reads = [Read(defined.events)]
            event.text = f"{{self}}.{event.name} = {owner.node.name}.{event.name}"


def _attachment(value: Value | None, name: str) -> str:
    """How an attribute of a class is put on an empty object, which is called ``{self}``."""
    if isinstance(value, FunctionValue) and isinstance(value.node, n.FunctionDef):
        if decorated_with(value.node, "property"):
            return f"type({{self}}).{name} = {name}"
        if decorated_with(value.node, "cached_property"):
            return f"type({{self}}).{name} = {name}; {name}.__set_name__(type({{self}}), {name!r})"
        if not decorated_with(value.node, "staticmethod", "classmethod"):
            return f'{{self}}.{name} = __import__("functools").partial({name}, {{self}})'
    return f"{{self}}.{name} = {name}"


def annotated_fields(line: Sequence[ClassValue], initialised: bool = False) -> list[str]:
    """The fields of a class, whose bases are behind it, by name; only those that ``__init__`` takes, in its order."""
    written = (statement for owner in reversed(line) for statement in owner.node.body)
    return list(dict.fromkeys(filter(None, (_annotated_name(each, initialised) for each in written))))


def _annotated_name(statement: n.Statement, initialised: bool) -> str:
    """The field that a statement of a class body makes; nothing if it makes none."""
    match statement:
        case n.Annotated(target=n.Name(name=name), annotation=annotation):
            return "" if _is_of_class(annotation) else name
        case n.Assign(targets=[n.Name(name=name)], annotation=n.Expression() as annotation, value=value):
            return "" if _is_of_class(annotation) or (initialised and _is_not_initialised(value)) else name
    return ""


def _is_of_class(annotation: n.Expression) -> bool:
    """``ClassVar[…]``."""
    return n.name_of(annotation.value if isinstance(annotation, n.Subscript) else annotation) == "ClassVar"


def _is_not_initialised(value: n.Expression) -> bool:
    """``field(init=False, …)``."""
    arguments = value.arguments if isinstance(value, n.Call) else ()
    return any(
        each.keyword == "init" and isinstance(each.value, n.Constant) and not each.value.value for each in arguments
    )


def names_bound_by(statement: n.Statement) -> Iterator[str]:
    if isinstance(statement, (n.FunctionDef, n.ClassDef)):
        yield statement.name
    elif isinstance(statement, n.Assign):
        yield from (target.name for target in statement.targets if isinstance(target, n.Name))
