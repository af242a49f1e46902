"""Attributes and entries of values."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fxlens.source.alternatives import certain, joined, under
from fxlens.source.analysis.callables import bound_to, decorated_with, is_static
from fxlens.source.analysis.iteration import MADE_BY_MAPPINGS, MAPPINGS, Iteration
from fxlens.source.conditions import conjunction
from fxlens.source.library import containers
from fxlens.source.library.container_methods import is_builtin_method
from fxlens.source.library.objects import MODULES, class_of
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    ALWAYS,
    NONE,
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
        if name in ("name", "value"):  # Of a member of an enumeration that is a text or a number, too.
            return certain(replace(owner, member="", enumeration=None) if name == "value" else Const(owner.member))
        return self.class_member(owner.enumeration, name, owner) if owner.enumeration is not None else None

    def of_function(self, owner: FunctionValue, name: str, _: n.Expression) -> Alternatives | None:
        stored = self.state.binding((owner.node, name))
        if stored is not None:
            self.read(stored.events)
            return stored.alternatives
        is_named = name in _NAMES and isinstance(owner.node, n.FunctionDef)
        return certain(Const(owner.node.name)) if is_named else None  # type: ignore[union-attr]

    def part(self, subject: Subject, name: str, node: n.Expression) -> Alternatives:
        stored = self.state.binding((subject, name))
        if stored is not None:
            self.read(stored.events)
            return stored.alternatives
        part = self.subject((subject, name), node, subject)
        return certain(Unknown(part))

    def attribute_bound(self, owner: Location, name: str) -> Alternatives | None:
        stored = self.state.binding((owner.id, name))
        return stored.alternatives if stored is not None else None

    def of_object(self, owner: Location, name: str, node: n.Expression) -> Alternatives:
        container = self.container(owner)
        stored = self.state.binding((owner.id, name))
        if stored is not None:
            self.read(stored.events)
            return stored.alternatives
        if container is None or container.instance_of is None:
            return certain(Method(owner, name))
        if name == "__dict__":
            return self.attribute_table(owner) or self.unknown(node)
        member = self.class_member(container.instance_of, name, owner, attached=True)
        if member is not None:
            return member
        if container.kind != "instance" and is_builtin_method(container.kind, name):
            return certain(Method(owner, name))
        if name in MADE_BY_MAPPINGS and not MAPPINGS.isdisjoint(self.library_bases(container.instance_of)):
            return certain(Method(owner, name))
        return self._computed(owner, container.instance_of, name, node) or self._dynamic(owner, name, node)

    def _computed(self, owner: Location, kind: ClassValue, name: str, node: n.Expression) -> Alternatives | None:
        """An attribute that ``__getattr__`` gives, or that is an entry of the object's own table."""
        table = self.state.binding((owner.id, "__dict__"))
        if table is not None and table.alternatives == certain(owner):
            return self.entry(owner, Const(name), node)
        sides: list[Alternatives] = []
        for value, condition in self.class_member(kind, "__getattr__", owner) or ():
            if isinstance(value, Reference) and value.dotted in ("dict.__getitem__", "dict.get"):
                sides.append(under(self.entry(owner, Const(name), node), condition))
            elif isinstance(value, FunctionValue):
                (result,) = self.call_each(value, [[certain(Const(name))]], node)
                sides.append(under(result, condition))
        return joined(*sides) if sides else None

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
            if member is not None:
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
            for method, _ in self.class_member(member.owner, "__init__", location) or ():
                items, why = self.items(member.value, node) if self._is_tuple(member) else ([Item(member.value)], None)
                if why is None:
                    self.call_each(method, [[item.value for item in items]], node)
        stored = self.state.binding((location.id, name))
        return stored.alternatives if stored is not None else self.unknown(node)

    def _is_tuple(self, member: Member) -> bool:
        containers = [self.container(value) for value, _ in member.value]
        return all(each is not None and each.kind == "tuple" for each in containers)

    def _bound_all(self, alternatives: Alternatives, owner: ClassValue, bound: Value) -> Alternatives:
        sides = [under(self._bind_member(value, owner, bound), condition) for value, condition in alternatives]
        return joined(*sides)

    def _bind_member(self, value: Value, owner: ClassValue, bound: Value) -> Alternatives:
        container = self.container(value)
        if container is not None and container.instance_of is not None:
            for getter, _ in self.class_member(container.instance_of, "__get__", value) or ():
                result = self.call_each(
                    getter,
                    [[certain(bound), certain(owner)]],
                    self.accessing or n.Expression(owner.node.start_pos, owner.node.end_pos),
                )
                return result[0]
        if not isinstance(value, FunctionValue) or not isinstance(value.node, n.FunctionDef):
            return certain(value)
        node = value.node
        value = replace(value, owner=owner)
        if is_static(node):
            return certain(value)
        if decorated_with(node, "classmethod"):
            container = self.container(bound)
            kind = container.instance_of if container is not None else bound
            return certain(bound_to(value, kind or bound))
        if isinstance(bound, ClassValue):
            return certain(value)
        method = bound_to(value, bound)
        if decorated_with(node, "property", "cached_property"):
            return self.call_value(method, [], self.accessing or node.decorators[0])
        return certain(method)

    def super_member(self, owner: Super, name: str, node: n.Expression) -> Alternatives:
        container = self.container(owner.bound)
        kind = container.instance_of if container is not None else owner.bound
        if isinstance(kind, ClassValue):
            line = self.mro(kind)
            after = line[line.index(owner.owner) + 1 :] if owner.owner in line else []
            for each in after:
                member = self.lookup_in_class(each, name)
                if member is not None:
                    self.read(member.events)
                    return self._bound_all(member.alternatives, each, owner.bound)
        if name == "__new__" and isinstance(kind, ClassValue):
            return certain(Method(kind, name))
        if container is not None and container.kind != "instance":
            return certain(Method(owner.bound, name))  # A method of the builtin class that this one is made of.
        return self.unknown(node)

    def of_Subscript(self, node: n.Subscript) -> Alternatives:  # noqa: N802
        owners = _with_parts(self.used(self.evaluate(node.value)))
        if isinstance(node.index, n.SliceIndex):
            at = self.slice_of(node.index)
            if at is None:
                return self.unknown(node)
            return joined(*(under(containers.sliced(self, value, at, node), c) for value, c in owners))
        mark = len(self.activity.reads)
        keys = self.keys(self.evaluate(node.index))
        self.tested_with(keys, self.activity.reads[mark:])
        self.note_keys(owners, keys, node, "subscript")
        sides = []
        for owner, condition in owners:
            for key, own in keys:
                both = conjunction(condition, own)
                if both is not None:
                    sides.append(under(self.entry(owner, key, node), both))
        return self.touched(self.present(joined(*sides)))

    def slice_of(self, index: n.SliceIndex) -> slice | None:
        """The bounds of a slice; nothing where only a run can tell one."""
        bounds: list[int | None] = []
        for each in (index.lower, index.upper, index.step):
            value = self.settled(self.evaluate(each)) if each is not None else NONE
            only = value[0][0] if len(value) == 1 else None
            if not isinstance(only, Const) or not isinstance(only.value, (int, type(None))):
                return None
            bounds.append(only.value)
        return slice(*bounds)

    def entry(self, owner: Value, key: Value, node: n.Expression) -> Alternatives:
        """``owner[key]``: one entry of a known container; of a table with an unknown key, each of its entries."""
        self.complete(owner)
        container = self.container(owner)
        if container is not None and container.kind != "instance":
            if container.factory is not None and isinstance(key, Const) and containers.has_key(container, key) is False:
                return self._made_entry(owner, container, key, node)
            return containers.entry(self, container, key, node)
        if isinstance(owner, Const) and isinstance(key, Const):
            return containers.part_of_constant(self, owner, key, node)
        if isinstance(owner, Unknown):
            name = key.value if isinstance(key, Const) else key
            stored = self.state.binding((owner.subject, ("entry", name)))
            if stored is not None:
                self.read(stored.events)
                return stored.alternatives
            return certain(Unknown(self.subject((owner.subject, ("entry", name)), node, owner.subject)))
        if isinstance(owner, Reference):
            return self._looked_up(owner, key, node)
        if isinstance(owner, ClassValue) and self.is_enumeration(owner):
            return self.member_called(owner, key, node)
        if container is not None and container.instance_of is not None:
            return self._item_of_object(owner, container.instance_of, key, node)
        return self.unknown(node)

    def _item_of_object(self, owner: Value, kind: ClassValue, key: Value, node: n.Expression) -> Alternatives:
        sides = [
            under(self.call_each(method, [[certain(key)]], node)[0], condition)
            for method, condition in self.class_member(kind, "__getitem__", owner) or ()
            if isinstance(method, FunctionValue)
        ]
        return joined(*sides) if sides else self.unknown(node)

    def _made_entry(self, owner: Value, container: Container, key: Const, node: n.Expression) -> Alternatives:
        """The entry that a ``defaultdict`` makes when it is first looked up."""
        assert isinstance(owner, Location)
        assert container.factory is not None
        (made,) = self.call_each(container.factory, [[]], node)
        self.change(owner, replace(container, items=(*container.items, Item(made, ALWAYS, certain(key)))))
        return made

    def _looked_up(self, owner: Reference, key: Value, node: n.Expression) -> Alternatives:
        """``models.__dict__[name]`` is the attribute of that name; classes with indices are themselves."""
        if owner.dotted.endswith(".__dict__") and isinstance(key, Const) and isinstance(key.value, str):
            return certain(Reference(f"{owner.dotted.removesuffix('.__dict__')}.{key.value}", owner.importer))
        return self.unknown(node)


def _of_library(owner: Reference, name: str) -> Value:
    if name in _NAMES and owner.dotted not in MODULES:
        return Const(owner.dotted.rpartition(".")[2])
    return Reference(f"{owner.dotted}.{name}", owner.importer)


def _with_parts(owners: Alternatives) -> Alternatives:
    """The alternatives without None, of which nothing can be taken: a run that goes on has another one."""
    some = tuple(each for each in owners if not (isinstance(each[0], Const) and each[0].value is None))
    return some or owners


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
