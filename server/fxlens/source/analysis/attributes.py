"""Attributes and entries of values."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fxlens.source.alternatives import certain, is_none, joined, mapped, of_kind, only, pairs, text_of, under
from fxlens.source.analysis.callables import bound_to, decorated_with, is_static
from fxlens.source.analysis.iteration import MADE_BY_MAPPINGS, MAPPINGS, Iteration
from fxlens.source.analysis.machine import EXIT
from fxlens.source.library import containers
from fxlens.source.library.container_methods import is_builtin_method
from fxlens.source.library.objects import MODULES, class_of
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    ALWAYS,
    Alternatives,
    ClassValue,
    Condition,
    Const,
    Container,
    FunctionValue,
    Item,
    Location,
    Member,
    Method,
    ModuleValue,
    Reference,
    Subject,
    Super,
    Unknown,
    Value,
)

_NAMES = frozenset({"__name__", "__qualname__"})
"""What functions and classes are called, as registries ask of them."""


class Attributes(Iteration):
    """Looks attributes and entries up."""

    @abstractmethod
    def attribute_table(self, owner: Value) -> Alternatives | None: ...

    def of_Attribute(self, node: n.Attribute) -> Alternatives:  # noqa: N802
        members: list[tuple[Value, Condition]] = []
        for owner, condition in _with_parts(self.used(self.evaluate(node.value))):
            self.accessing = node
            members += under(self.attribute(owner, node.name, node), condition)
        self.accessing = None
        return self.touched(self.present(tuple(members)))

    def attribute(self, owner: Value, name: str, node: n.Expression) -> Alternatives:
        if name == "__class__" and (kind := class_of(self, owner)) is not None:
            return kind
        look_up = LOOK_UP.get(type(owner))
        looked_up = look_up(self, owner, name, node) if look_up is not None else None
        return looked_up if looked_up is not None else certain(Method(owner, name))

    def of_library(self, owner: Reference, name: str, _: n.Expression) -> Alternatives:
        return certain(_of_library(owner, name))

    def of_unknown(self, owner: Unknown, name: str, node: n.Expression) -> Alternatives:
        return self.part(owner.subject, name, node)

    def of_constant(self, owner: Const, name: str, _: n.Expression) -> Alternatives | None:
        if name == "value":  # Of a member of an enumeration that is a text or a number, too.
            return certain(replace(owner, member="", enumeration=None))
        if name == "name":
            return certain(Const(owner.member))
        return self.class_member(owner.enumeration, name, owner) if owner.enumeration is not None else None

    def of_function(self, owner: FunctionValue, name: str, _: n.Expression) -> Alternatives | None:
        stored = self.read_binding((owner.node, name))
        if stored is not None:
            return stored
        is_named = name in _NAMES and isinstance(owner.node, n.FunctionDef)
        return certain(Const(owner.node.name)) if is_named else None  # type: ignore[union-attr]

    def part(self, subject: Subject, name: str, node: n.Expression) -> Alternatives:
        stored = self.read_binding((subject, name))
        if stored is not None:
            return stored
        return certain(Unknown(self.subject((subject, name), node, subject)))

    def attribute_bound(self, owner: Location, name: str) -> Alternatives | None:
        stored = self.state.binding((owner.id, name))
        return stored.alternatives if stored is not None else None

    def of_object(self, owner: Location, name: str, node: n.Expression) -> Alternatives:
        stored = self.read_binding((owner.id, name))
        if stored is not None:
            return stored
        kind = self.kind_of(owner)
        if kind is None:
            return certain(Method(owner, name))
        if name == "__dict__":
            return self.attribute_table(owner) or self.unknown(node)
        member = self.class_member(kind, name, owner, attached=True)
        if member is not None:
            return member
        if self._has_builtin_method(owner, kind, name):
            return certain(Method(owner, name))
        return self._computed(owner, kind, name, node) or self._dynamic(owner, name, node)

    def _has_builtin_method(self, owner: Location, kind: ClassValue, name: str) -> bool:
        """Whether a method is of the builtin class, or of the mapping, that a class of the workspace is made of."""
        container = self.collection(owner)
        if container is not None and is_builtin_method(container.kind, name):
            return True
        return name in MADE_BY_MAPPINGS and not MAPPINGS.isdisjoint(self.library_bases(kind))

    def _computed(self, owner: Location, kind: ClassValue, name: str, node: n.Expression) -> Alternatives | None:
        """An attribute that ``__getattr__`` gives, or that is an entry of the object's own table."""
        table = self.state.binding((owner.id, "__dict__"))
        if table is not None and table.alternatives == certain(owner):
            return self.entry(owner, Const(name), node)
        getters = self.class_member(kind, "__getattr__", owner) or ()
        sides = [(self._got(getter, owner, name, node), condition) for getter, condition in getters]
        return joined(*(under(value, condition) for value, condition in sides if value is not None)) or None

    def _got(self, getter: Value, owner: Location, name: str, node: n.Expression) -> Alternatives | None:
        if isinstance(getter, Reference) and getter.dotted in ("dict.__getitem__", "dict.get"):
            return self.entry(owner, Const(name), node)
        if not isinstance(getter, FunctionValue):
            return None
        (result,) = self.call_each(getter, [[certain(Const(name))]], node)
        return result

    def _dynamic(self, owner: Value, name: str, node: n.Expression) -> Alternatives:
        """An attribute that no class of the workspace sets: by a library's base class, or by nobody."""
        event = self.new_event("missing", node, [])
        event.owner, event.name = owner, name
        self.read(frozenset({event}))
        root = self.subject((owner, "self"), node)
        return certain(Unknown(self.subject((owner, name), node, root)))

    def class_member(self, owner: ClassValue, name: str, bound: Value, attached: bool = False) -> Alternatives | None:
        for each in self.mro(owner):
            member = self.lookup_in_class(each, name)
            if member is None:
                continue
            if attached and isinstance(bound, Location):
                self.read_attached(bound, name)
            else:
                self.read(member.events)
            values = member.alternatives
            if bound == owner and self.is_enumeration(owner):
                values = tuple((self.as_member(value, each, name), condition) for value, condition in values)
            return self._bound_all(values, each, bound)
        return None

    def of_class(self, owner: ClassValue, name: str, node: n.Expression) -> Alternatives:
        if name in _NAMES:
            return certain(Const(owner.node.name))
        if name == "__members__" and self.is_enumeration(owner):
            return self.member_table(owner)
        if name == "__dict__":
            return self.attribute_table(owner) or self.unknown(node)
        if name == "__subclasses__":
            return certain(Method(owner, name))
        return self.class_member(owner, name, owner) or self._dynamic(owner, name, node)

    def of_member(self, member: Member, name: str, node: n.Expression) -> Alternatives:
        if name in ("value", "_value_"):
            return member.value
        if name in ("name", "_name_"):
            return certain(Const(member.name))
        return self.class_member(member.owner, name, member) or self._initialised(member, name, node)

    def _initialised(self, member: Member, name: str, node: n.Expression) -> Alternatives:
        """What ``__init__`` of an enumeration sets of a member, which is called with the member's value."""
        location = self.run.member_objects.get(member)
        if location is None:
            location = self.run.member_objects[member] = self.allocate(Container("instance", instance_of=member.owner))
            self._initialise_member(location, member, node)
        return self.attribute_bound(location, name) or self.unknown(node)

    def _initialise_member(self, location: Location, member: Member, node: n.Expression) -> None:
        for method, _ in self.class_member(member.owner, "__init__", location) or ():
            items, why = self.items(member.value, node) if self._is_tuple(member) else ([Item(member.value)], None)
            if why is None:
                self.call_each(method, [[item.value for item in items]], node)

    def _is_tuple(self, member: Member) -> bool:
        containers = [self.container(value) for value, _ in member.value]
        return all(each is not None and each.kind == "tuple" for each in containers)

    def _bound_all(self, alternatives: Alternatives, owner: ClassValue, bound: Value) -> Alternatives:
        return mapped(lambda value: self._bind_member(value, owner, bound), alternatives)

    def _bind_member(self, value: Value, owner: ClassValue, bound: Value) -> Alternatives:
        described = self._described(value, owner, bound)
        if described is not None:
            return described
        if not isinstance(value, FunctionValue) or not isinstance(value.node, n.FunctionDef):
            return certain(value)
        node = value.node
        value = replace(value, owner=owner)
        if decorated_with(node, "classmethod") and not is_static(node):
            return certain(bound_to(value, self.kind_of(bound) or bound))
        if is_static(node) or isinstance(bound, ClassValue):
            return certain(value)
        method = bound_to(value, bound)
        if decorated_with(node, "property", "cached_property"):
            return self.call_value(method, [], self.accessing or node.decorators[0])
        return certain(method)

    def _described(self, value: Value, owner: ClassValue, bound: Value) -> Alternatives | None:
        """What the ``__get__`` of a descriptor gives."""
        kind = self.kind_of(value)
        getters = self.class_member(kind, "__get__", value) if kind is not None else None
        if not getters:
            return None
        node = self.accessing or n.Expression(owner.node.start_pos, owner.node.end_pos)
        return self.call_each(getters[0][0], [[certain(bound), certain(owner)]], node)[0]

    def super_member(self, owner: Super, name: str, node: n.Expression) -> Alternatives:
        kind = self.kind_of(owner.bound) or owner.bound
        if isinstance(kind, ClassValue):
            for each in self._behind(owner.owner, kind):
                member = self.lookup_in_class(each, name)
                if member is not None:
                    self.read(member.events)
                    return self._bound_all(member.alternatives, each, owner.bound)
        if name == "__new__" and isinstance(kind, ClassValue):
            return certain(Method(kind, name))
        if self.collection(owner.bound) is not None:
            return certain(Method(owner.bound, name))  # A method of the builtin class that this one is made of.
        return self.unknown(node)

    def _behind(self, owner: ClassValue, kind: ClassValue) -> list[ClassValue]:
        """The classes in which ``super()`` looks, called in a method of ``owner`` of an object of ``kind``."""
        line = self.mro(kind)
        return line[line.index(owner) + 1 :] if owner in line else []

    def of_Subscript(self, node: n.Subscript) -> Alternatives:  # noqa: N802
        owners = _with_parts(self.used(self.evaluate(node.value)))
        if isinstance(node.index, n.SliceIndex):
            at = self.slice_of(node.index)
            if at is None:
                return self.unknown(node)
            return mapped(lambda value: containers.sliced(self, value, at, node), owners)
        mark = len(self.activity.reads)
        keys = self.keys(self.evaluate(node.index))
        self.tested_with(keys, self.activity.reads[mark:])
        self.note_keys(owners, keys, node, "subscript")
        sides = [under(self.entry(owner, key, node), condition) for owner, key, condition in pairs(owners, keys)]
        if sides and all(value == EXIT for side in sides for value, _ in side):
            self.activity.raises_under = self.state.condition
        return self.touched(self.present(joined(*sides)))

    def slice_of(self, index: n.SliceIndex) -> slice | None:
        """The bounds of a slice; nothing where only a run can tell one."""
        bounds: list[int | None] = []
        for each in (index.lower, index.upper, index.step):
            bound = only(self.settled(self.evaluate(each))) if each is not None else Const(None)
            if not isinstance(bound, Const) or not isinstance(bound.value, (int, type(None))):
                return None
            bounds.append(bound.value)
        return slice(*bounds)

    def entry(self, owner: Value, key: Value, node: n.Expression) -> Alternatives:
        """``owner[key]``: one entry of a known container; of a table with an unknown key, each of its entries."""
        self.complete(owner)
        match owner:
            case Location():
                return self._entry_of_object(owner, key, node)
            case Unknown(subject):
                return self._entry_of_subject(subject, key, node)
            case Const() if isinstance(key, Const):
                return containers.part_of_constant(self, owner, key, node)
            case Reference():
                return self._looked_up(owner, key, node)
            case ClassValue() if self.is_enumeration(owner):
                return self.member_called(owner, key, node)
        return self.unknown(node)

    def _entry_of_object(self, owner: Location, key: Value, node: n.Expression) -> Alternatives:
        container, kind = self.collection(owner), self.kind_of(owner)
        if container is None:
            return self._item_of_object(owner, kind, key, node) if kind is not None else self.unknown(node)
        if container.kind == "dict" and isinstance(key, Const) and containers.has_key(container, key) is False:
            return self._missing_entry(owner, container, key, node)
        return containers.entry(self, container, key, node)

    def _missing_entry(self, owner: Location, container: Container, key: Const, node: n.Expression) -> Alternatives:
        """What a dict gives for a key that it does not have: no run goes on with it, where a ``try`` is around that."""
        if container.factory is not None:
            return self._made_entry(owner, container, key, node)
        kind = container.instance_of
        methods = of_kind(FunctionValue, self.class_member(kind, "__missing__", owner)) if kind is not None else []
        if methods:
            return self.call_each(methods[0], [[certain(key)]], node)[0]
        return certain(EXIT) if self.probes else self.unknown(node)

    def _entry_of_subject(self, subject: Subject, key: Value, node: n.Expression) -> Alternatives:
        part = (subject, ("entry", key.value if isinstance(key, Const) else key))
        stored = self.read_binding(part)
        return stored if stored is not None else certain(Unknown(self.subject(part, node, subject)))

    def _item_of_object(self, owner: Value, kind: ClassValue, key: Value, node: n.Expression) -> Alternatives:
        sides = [
            under(self.call_each(method, [[certain(key)]], node)[0], condition)
            for method, condition in self.class_member(kind, "__getitem__", owner) or ()
            if isinstance(method, FunctionValue)
        ]
        return self.any_of(sides, node)

    def _made_entry(self, owner: Location, container: Container, key: Const, node: n.Expression) -> Alternatives:
        """The entry that a ``defaultdict`` makes when it is first looked up."""
        assert container.factory is not None
        (made,) = self.call_each(container.factory, [[]], node)
        self.change(owner, replace(container, items=(*container.items, Item(made, ALWAYS, certain(key)))))
        return made

    def _looked_up(self, owner: Reference, key: Value, node: n.Expression) -> Alternatives:
        """``models.__dict__[name]`` is the attribute of that name; classes with indices are themselves."""
        module, _, table = owner.dotted.rpartition(".")
        name = text_of(key)
        is_attribute = table == "__dict__" and name is not None
        return certain(Reference(f"{module}.{name}", owner.importer)) if is_attribute else self.unknown(node)


def _of_library(owner: Reference, name: str) -> Value:
    if name in _NAMES and owner.dotted not in MODULES:
        return Const(owner.dotted.rpartition(".")[2])
    return Reference(f"{owner.dotted}.{name}", owner.importer)


def _with_parts(owners: Alternatives) -> Alternatives:
    """The alternatives without None, of which nothing can be taken: a run that goes on has another one."""
    return tuple(each for each in owners if not is_none(each[0])) or owners


LOOK_UP: dict[type, Callable[[Attributes, Any, str, n.Expression], Alternatives | None]] = {
    Reference: Attributes.of_library,
    ModuleValue: lambda interpreter, *asked: interpreter.module_member(*asked),
    Unknown: Attributes.of_unknown,
    Location: Attributes.of_object,
    Member: Attributes.of_member,
    ClassValue: Attributes.of_class,
    Super: lambda interpreter, *asked: interpreter.super_member(*asked),
    Const: Attributes.of_constant,
    FunctionValue: Attributes.of_function,
}
"""Where attributes come from, by what they are of; what they do not give is a method of a builtin class."""
