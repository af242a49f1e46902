"""Functions that look at objects, by dotted name."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias

from fxlens.source.alternatives import certain, joined, under
from fxlens.source.conditions import conjunction, simplified
from fxlens.source.library.architectures import class_made_by, is_class
from fxlens.source.library.called import Called, models
from fxlens.source.library.circumstances import is_of_library
from fxlens.source.library.interpreter_interface import Machine
from fxlens.source.library.python import plain_constants
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    ALWAYS,
    NONE,
    Alternatives,
    ClassValue,
    Const,
    FunctionValue,
    Item,
    Location,
    Record,
    Reference,
    Subject,
    Unknown,
    Value,
)


@models("getattr")
def _getattr(call: Called) -> Alternatives:
    if len(call.positional) < 2:
        return call.unknown()
    sides: list[Alternatives] = []
    for owner, condition in call.positional[0]:
        for name, own in call.machine.settled(call.positional[1]):
            both = conjunction(condition, own)
            if both is None:
                continue
            sides.append(under(_named_attribute(call, owner, name), both))
    return joined(*sides) if sides else call.unknown()


def _named_attribute(call: Called, owner: Value, name: Value) -> Alternatives:
    if not isinstance(name, Const) or not isinstance(name.value, str):
        return call.unknown()
    default = call.argument(2)
    if default is not None and has_attribute(call.machine, owner, name.value) is False:
        return default
    return call.machine.attribute(owner, name.value, call.node)


def has_attribute(machine: Machine, owner: Value, name: str) -> bool | None:
    """Whether a value has an attribute; nothing where only a run can tell."""
    container = machine.container(owner)
    if isinstance(owner, Const):
        return hasattr(owner.value, name)
    if isinstance(owner, ClassValue):
        return _of_kind(machine, owner, name)
    if container is None or container.instance_of is None or not isinstance(owner, Location):
        return None
    held = machine.attribute_bound(owner, name)
    if held is not None:
        return True if ALWAYS in simplified(condition for _, condition in held) else None
    kind = container.instance_of
    return None if _of_kind(machine, kind, "__getattr__") else _of_kind(machine, kind, name)


def _of_kind(machine: Machine, kind: ClassValue, name: str) -> bool | None:
    if machine.class_member(kind, name, kind) is not None or hasattr(object, name):
        return True
    return None if set(machine.library_bases(kind)) - _WITHOUT_ATTRIBUTES else False


_WITHOUT_ATTRIBUTES = frozenset({"object", "abc.ABC", "typing.Generic", "typing.Protocol"})
"""Classes of the library that give objects no attribute of their own."""


@models("os.environ.get", "os.getenv")
def _environment(call: Called) -> Alternatives:
    """A variable of the environment: what is given in its place applies, as the default of a parameter does."""
    names, default = call.argument(0, "key"), call.argument(1, "default")
    if not names or default is None:
        return call.machine.unknown(call.node, made_by=call.dotted)
    subject = call.machine.subject(("environment", names, default), call.node)
    subject.default, subject.circumstance = default, True
    return certain(Unknown(subject))


@models("isinstance")
def _isinstance(call: Called) -> Alternatives:
    if len(call.positional) != 2:
        return call.unknown()
    kinds = classes_of(call.machine, call.positional[1])
    sides: list[Alternatives] = []
    for value, condition in call.positional[0]:
        answer = is_instance(call.machine, value, kinds) if kinds is not None else None
        if answer is not None:
            sides.append(((Const(answer), condition),))
            continue
        sides.append(under(certain(Unknown(question_of_type(call.machine, value, kinds or (), call.node))), condition))
    return joined(*sides) if sides else call.unknown()


MODULES = frozenset({"torch", "torch.nn", "torch.nn.functional"}) | {
    "torchvision",
    "torchvision.models",
    "timm",
    "timm.models",
}
"""Modules that programs take functions from: what such a one is called is all of its dotted name."""
Class: TypeAlias = "str | ClassValue"
"""A class of a library, by its dotted name, or one of the workspace."""


def question_of_type(machine: Machine, value: Value, kinds: Iterable[Class], node: n.Expression) -> Subject:
    """Whether a value is of one of the types, where only a run can tell."""
    subject = value.subject if isinstance(value, Unknown) else value
    return machine.subject(("isinstance", subject, frozenset(kinds)), node)


def classes_of(machine: Machine, alternatives: Alternatives) -> list[Class] | None:
    """The classes that are written as the second argument of ``isinstance``; nothing where not all are told."""
    kinds: list[Class] = []
    for value, _ in alternatives:
        container = machine.container(value)
        if isinstance(value, (Reference, ClassValue)):
            kinds.append(value.dotted if isinstance(value, Reference) else value)
        elif container is not None and container.kind == "tuple" and container.open is None:
            inner = [classes_of(machine, item.value) for item in container.items]
            if None in inner:
                return None
            kinds += [kind for several in inner if several is not None for kind in several]
        else:
            return None
    return kinds


_TYPES: dict[str, tuple[str, ...]] = {
    "str": ("str",),
    "list": ("list", "collections.abc.Iterable", "collections.abc.Sequence", "typing.Iterable", "typing.Sequence"),
    "tuple": ("tuple", "collections.abc.Iterable", "collections.abc.Sequence", "typing.Iterable", "typing.Sequence"),
    "set": ("set", "collections.abc.Iterable", "typing.Iterable"),
    "dict": ("dict", "collections.abc.Mapping", "typing.Mapping", "typing.Dict"),
    "int": ("int",),
    "bool": ("bool", "int"),
    "float": ("float",),
}
_PLAIN = frozenset({"str", "list", "tuple", "set", "dict", "int", "bool", "float", "bytes", "frozenset"})


def is_instance(machine: Machine, value: Value, kinds: Sequence[Class]) -> bool | None:
    """Whether a value is of one of the types; nothing where only a run can tell."""
    answers = {_is_of(machine, value, kind) for kind in kinds}
    return True if True in answers else None if None in answers else False


def _is_of(machine: Machine, value: Value, kind: Class) -> bool | None:
    container = machine.container(value)
    if container is not None and container.instance_of is not None:
        return _is_object_of(machine, container.instance_of, kind)
    name = container.kind if container is not None else type(value.value).__name__ if isinstance(value, Const) else ""
    if name in _TYPES or name == "NoneType":
        return kind in _TYPES.get(name, ())
    made_by = value.subject.made_by if isinstance(value, Unknown) else ""
    if isinstance(kind, ClassValue) or not made_by:
        return None
    if made_by == kind:
        return True  # An instance of a class, if the name is that of one at all.
    made = class_made_by(made_by)
    if made:
        answer = is_class(made, kind)
        if answer is not None:
            return answer
    return False if kind in _PLAIN and made_by.startswith(("torch", "timm")) else None


def _is_object_of(machine: Machine, owner: ClassValue, kind: Class) -> bool | None:
    """Whether objects of a class of the workspace are instances of another class."""
    if kind in machine.mro(owner):
        return True
    bases = machine.library_bases(owner)
    if kind in bases or kind == "object":
        return True
    return False if isinstance(kind, ClassValue) or not bases or bases == ["object"] else None


def class_of(machine: Machine, value: Value) -> Alternatives | None:
    """The class of a value, where the text tells it."""
    container = machine.container(value)
    if container is not None and container.instance_of is not None:
        return certain(container.instance_of)
    made = class_made_by(value.subject.made_by) if isinstance(value, Unknown) else ""
    return certain(Reference(f"torchvision.models.{made}")) if made else None


@models("type")
def _type(call: Called) -> Alternatives:
    if len(call.positional) != 1:
        return call.unknown()
    sides = [under(class_of(call.machine, value) or call.unknown(), own) for value, own in call.positional[0]]
    return joined(*sides)


@models("callable")
def _callable(call: Called) -> Alternatives:
    owner = call.positional[0][0][0] if call.positional and len(call.positional[0]) == 1 else None
    container = call.machine.container(owner) if owner is not None else None
    if isinstance(owner, (FunctionValue, ClassValue)):
        return certain(Const(True))
    if isinstance(owner, Const) or (container is not None and container.instance_of is None):
        return certain(Const(False))
    return certain(Unknown(call.machine.subject(("callable", owner), call.node)))


@models("hasattr")
def _hasattr(call: Called) -> Alternatives:
    owner = call.positional[0][0][0] if call.positional else None
    name = call.positional[1][0][0] if len(call.positional) == 2 else None
    if owner is not None and len(call.positional[0]) == 1 and isinstance(name, Const) and isinstance(name.value, str):
        has = has_attribute(call.machine, owner, name.value)
        if has is not None:
            return certain(Const(has))
    key = (
        "hasattr",
        owner.subject if isinstance(owner, Unknown) else owner,
        tuple(v for v, _ in (call.argument(1) or ())),
    )
    question = call.machine.subject(key, call.node)
    question.circumstance |= owner is not None and is_of_library(owner)
    return certain(Unknown(question))


@models("functools.partial")
def _partial(call: Called) -> Alternatives:
    function = call.positional[0] if call.positional else ()
    sides: list[Alternatives] = []
    for value, condition in function:
        if isinstance(value, (FunctionValue, Reference)) and not call.unpacks:
            sides.append(((replace(value, wrapped=(*value.wrapped, *call.arguments[1:])), condition),))
        else:
            sides.append(under(call.unknown(), condition))
    return joined(*sides) if sides else call.unknown()


@models("typing.cast", "typing_extensions.cast")
def _cast(call: Called) -> Alternatives:
    return call.argument(1, "val") or call.unknown()


@models("typing.assert_type", "typing.reveal_type", "typing_extensions.assert_type", "typing_extensions.reveal_type")
@models("contextlib.nullcontext", "contextlib.closing")
def _itself(call: Called) -> Alternatives:
    return call.argument(0, "enter_result") or (NONE if call.dotted == "contextlib.nullcontext" else call.unknown())


@models("contextlib.ExitStack.enter_context", "contextlib.AsyncExitStack.enter_context")
@models("contextlib.AsyncExitStack.enter_async_context")
def _enter(call: Called) -> Alternatives:
    managers = call.argument(0, "cm")
    return call.machine.entered(managers, call.node) if managers is not None else call.unknown()


@models("staticmethod")
def _static(call: Called) -> Alternatives:
    return call.argument(0) or call.unknown()


@models("pytest.param")
def _parameters(call: Called) -> Alternatives:
    """The values of one run of a test, as the row that a list of others holds."""
    if call.unpacks or not call.positional:
        return call.unknown()
    if len(call.positional) == 1:
        return call.positional[0]
    return call.machine.made("tuple", tuple(map(Item, call.positional)))


@models("collections.namedtuple")
def _namedtuple(call: Called) -> Alternatives:
    fields = call.argument(1, "field_names") or ()
    names: list[Hashable] | None = None
    for value, _ in fields:
        is_text = isinstance(value, Const) and isinstance(value.value, str)
        names = list(str(value.value).replace(",", " ").split()) if is_text else plain_constants(call.machine, value)  # type: ignore[union-attr]
    if len(fields) != 1 or names is None:
        return call.unknown()
    defaults, why = call.machine.items(call.named.get("defaults", NONE), call.node)
    if why is not None or len(defaults) > len(names):
        return call.unknown()
    return certain(Record(tuple(map(str, names)), tuple(item.value for item in defaults)))


@models("dataclasses.field", "attr.ib", "attrs.field", "attr.field", "pydantic.Field", "pydantic.fields.Field")
@models("typer.Option", "typer.Argument")
def _field(call: Called) -> Alternatives:
    """What a field of a class is if it is not given."""
    factory = call.argument(len(call.positional), "default_factory") or call.argument(len(call.positional), "factory")
    if factory is not None and len(factory) == 1:
        (made,) = call.machine.call_each(factory[0][0], [[]], call.node)
        return made
    return call.argument(0, "default") or call.unknown()


@models("next")
def _next(call: Called) -> Alternatives:
    """The first item of an iterator, which is not there any more behind the call; of none left, the default."""
    if not call.positional:
        return call.unknown()
    items, why = call.items()
    if why is not None or not (len(items) == 1 or _comes_in_order(call)):
        return call.unknown()
    if not items:
        return call.argument(1) or call.unknown()
    if items[0].condition:
        return call.unknown()
    _take_first(call)
    return items[0].value


def _comes_in_order(call: Called) -> bool:
    """Whether the text tells the order in which the first argument yields its items."""
    containers = [call.machine.container(value) for value, _ in call.positional[0]]
    return all(each is None or not (each.unordered or each.kind == "set") for each in containers)


def _take_first(call: Called) -> None:
    """Take the first item out of the iterator that is the first argument, if there is only one that it can be."""
    only = call.positional[0][0][0] if len(call.positional[0]) == 1 else None
    container = call.machine.container(only) if only is not None else None
    if isinstance(only, Location) and container is not None:
        call.machine.change(only, replace(container, items=container.items[1:]))
