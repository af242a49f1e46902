"""Objects as the fields that they have: data classes, named tuples, and what ``vars`` shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from fxlens.source.alternatives import certain, mapped
from fxlens.source.analysis.callables import Given
from fxlens.source.analysis.classes import MAKE, Classes, annotated_fields, names_bound_by
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    ALWAYS,
    Alternatives,
    ClassValue,
    Const,
    Container,
    Item,
    Location,
    Method,
    Record,
    Value,
)

_FIELDS = "<fields>"
"""The attribute that holds the names of the fields of an object that ``collections.namedtuple`` made the class of."""
_OF_NAMED_TUPLES = frozenset({"_replace", "_asdict"})
_SUBCLASSES = "__subclasses__"


class Fields(Classes):
    """Makes objects of fields, and looks at the fields of objects."""

    def record(self, callee: Record, arguments: list[Given], node: n.Expression) -> Alternatives:
        """An object of a class that ``collections.namedtuple`` made."""
        location = self.allocate(Container("tuple"))
        without = callee.fields[len(callee.fields) - len(callee.defaults) :]
        for name, default in zip(without, callee.defaults, strict=True):
            self._set_field(location, name, default)
        self._fill(location, callee.fields, arguments)
        self._set_field(location, _FIELDS, certain(Const(callee.fields)))
        self._list_fields(location, node)
        return certain(location)

    def _set_field(self, location: Location, name: str, value: Alternatives) -> None:
        self.bind_key((location.id, name), value)

    def _list_fields(self, location: Location, node: n.Expression) -> None:
        """Make a named tuple hold what its fields are."""
        container = self.container(location)
        assert container is not None
        items = tuple(Item(self.attribute(location, name, node)) for name in self.fields_of(location))
        self.change(location, replace(container, items=items))

    def fields_of(self, value: Value) -> Sequence[str]:
        """The names of the fields of an object; none of what has no fields."""
        container = self.container(value)
        if container is None:
            return ()
        if container.instance_of is not None:
            return annotated_fields(self.mro(container.instance_of))
        stored = self.state.binding((value.id, _FIELDS)) if isinstance(value, Location) else None
        names = stored.alternatives[0][0] if stored is not None else None
        return names.value if isinstance(names, Const) and isinstance(names.value, tuple) else ()

    def fields_as_dict(self, alternatives: Alternatives, node: n.Expression) -> Alternatives:
        """``dataclasses.asdict``: the fields of an object, and of the objects in them."""
        return self._each_with_fields(alternatives, lambda value: self._as_dict(value, node))

    def _as_dict(self, value: Value, node: n.Expression) -> Alternatives:
        inner = ((name, self.attribute(value, name, node)) for name in self.fields_of(value))
        return self._table((name, self.fields_as_dict(each, node)) for name, each in inner)

    def _table(self, entries: Iterable[tuple[str, Alternatives]]) -> Alternatives:
        return self.made("dict", tuple(Item(value, ALWAYS, certain(Const(name))) for name, value in entries))

    def fields_as_tuple(self, alternatives: Alternatives, node: n.Expression) -> Alternatives:
        """``dataclasses.astuple``."""
        return self._each_with_fields(
            alternatives,
            lambda value: self.made(
                "tuple",
                tuple(
                    Item(self.fields_as_tuple(self.attribute(value, name, node), node))
                    for name in self.fields_of(value)
                ),
            ),
        )

    def _each_with_fields(self, alternatives: Alternatives, view: Callable[[Value], Alternatives]) -> Alternatives:
        """The alternatives, with the ``view`` of each that is an object with fields; others are themselves."""
        return mapped(lambda value: view(value) if self.fields_of(value) else certain(value), alternatives)

    def fields(self, alternatives: Alternatives, node: n.Expression) -> Alternatives:
        """``dataclasses.fields``: objects with the attribute ``name``."""
        kinds = {
            v if isinstance(v, ClassValue) else getattr(self.container(v), "instance_of", None) for v, _ in alternatives
        }
        kind = kinds.pop() if len(kinds) == 1 else None
        if not isinstance(kind, ClassValue):
            return self.unknown(node)
        items: list[Item] = []
        for name in annotated_fields(self.mro(kind)):
            location = self.allocate(Container("tuple"))
            self._set_field(location, "name", certain(Const(name)))
            items.append(Item(certain(location)))
        return self.made("tuple", tuple(items))

    def replaced(self, arguments: list[Given], node: n.Expression) -> Alternatives:
        """``dataclasses.replace``: a copy of an object with some of its fields replaced."""
        owners = arguments[0].alternatives if arguments else ()
        return mapped(lambda value: self._copy_with(value, arguments[1:], node), owners) or self.unknown(node)

    def _copy_with(self, value: Value, changes: list[Given], node: n.Expression) -> Alternatives:
        container = self.container(value)
        if not isinstance(value, Location) or container is None or not self.fields_of(value):
            return self.unknown(node)
        copy = self.allocate(container)
        for name, binding in self.state.attributes(value.id).items():
            self.state.set((copy.id, name), binding)
        for each in changes:
            self._set_field(copy, each.keyword, each.alternatives)
        if container.kind == "tuple":
            self._list_fields(copy, node)
        return certain(copy)

    def variables(self, arguments: list[Given], node: n.Expression) -> Alternatives:
        """``vars(value)``."""
        owners = arguments[0].alternatives if arguments else ()
        return mapped(lambda value: self.attribute_table(value) or self.unknown(node), owners) or self.unknown(node)

    def attribute_table(self, owner: Value) -> Alternatives | None:
        """``value.__dict__`` of an object or a class of the workspace: what is put into that of an object is set."""
        if isinstance(owner, ClassValue):
            names = dict.fromkeys(name for each in owner.node.body for name in names_bound_by(each))
            bindings = {name: self.lookup_in_class(owner, name) for name in names}
        elif isinstance(owner, Location) and self.kind_of(owner) is not None:
            bindings = {k: b for k, b in self.state.attributes(owner.id).items() if not k.startswith("<")}
        else:
            return None
        items: list[Item] = []
        for name, binding in bindings.items():
            if binding is not None:
                self.read(binding.events)
                items.append(Item(binding.alternatives, ALWAYS, certain(Const(name))))
        return certain(self.allocate(Container("dict", tuple(items), attributes_of=owner)))

    def method_of_fields(self, callee: Method, arguments: list[Given], node: n.Expression) -> Alternatives | None:
        """What a method returns that objects with fields have, or classes; nothing of other methods."""
        if isinstance(callee.owner, ClassValue):
            return self._method_of_class(callee.owner, callee.name, arguments, node)
        if callee.name not in _OF_NAMED_TUPLES or not self.fields_of(callee.owner):
            return None
        return self._copy_with(callee.owner, arguments, node) if arguments else self._as_dict(callee.owner, node)

    def _method_of_class(
        self, owner: ClassValue, name: str, arguments: list[Given], node: n.Expression
    ) -> Alternatives | None:
        if name == MAKE:
            return self.new_object(arguments[0].alternatives if arguments else certain(owner), node)
        return self._subclasses(owner) if name == _SUBCLASSES else None

    def _subclasses(self, owner: ClassValue) -> Alternatives:
        """``Base.__subclasses__()``: the classes of this one that have been defined, in their order."""
        items: list[Item] = []
        for kind in list(self.run.class_scopes.values()):
            defined = self.lookup(kind.node.name, kind.closure)
            self.complete_class(kind.scope)
            if defined is not None and owner in self._bases_of(kind):
                self.read(defined.events)
                items.append(Item(certain(kind)))
        return self.made("list", tuple(items))

    def _bases_of(self, kind: ClassValue) -> list[Value]:
        bindings = (self.state.binding((kind.scope, ("base", at))) for at in range(len(kind.node.arguments)))
        return [value for binding in bindings if binding is not None for value, _ in binding.alternatives]
