"""Functions that look at objects, by dotted name."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias

from fxlens.source.alternatives import certain, mapped, only, pairs, subject_of, text_of, under
from fxlens.source.conditions import simplified
from fxlens.source.library.architectures import class_made_by, is_class
from fxlens.source.library.called import Called, models
from fxlens.source.library.circumstances import is_of_library
from fxlens.source.library.containers import plain_constants
from fxlens.source.library.functions import has_order
from fxlens.source.library.interpreter_interface import Machine
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


@models("getattr", least=2)
def _getattr(call: Called) -> Alternatives:
    names = call.machine.settled(call.positional[1])
    return call.any_of(
        [
            under(_named_attribute(call, owner, name), condition)
            for owner, name, condition in pairs(call.positional[0], names)
        ]
    )


def _named_attribute(call: Called, owner: Value, name: Value) -> Alternatives:
    text, default = text_of(name), call.argument(2)
    if text is None:
        return call.unknown()
    if default is not None and has_attribute(call.machine, owner, text) is False:
        return default
    return call.machine.attribute(owner, text, call.node)


def has_attribute(machine: Machine, owner: Value, name: str) -> bool | None:
    """Whether a value has an attribute; nothing where only a run can tell."""
    if isinstance(owner, Const):
        return hasattr(owner.value, name)
    if isinstance(owner, ClassValue):
        return _of_kind(machine, owner, name)
    kind = machine.kind_of(owner)
    if kind is None or not isinstance(owner, Location):
        return None
    held = machine.attribute_bound(owner, name)
    if held is not None:
        return True if ALWAYS in simplified(condition for _, condition in held) else None
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


@models("isinstance", least=2, most=2)
def _isinstance(call: Called) -> Alternatives:
    kinds = classes_of(call.machine, call.positional[1])
    return mapped(lambda value: _is_one_of(call, value, kinds), call.positional[0]) or call.unknown()


def _is_one_of(call: Called, value: Value, kinds: list[Class] | None) -> Alternatives:
    answer = is_instance(call.machine, value, kinds) if kinds is not None else None
    if answer is not None:
        return certain(Const(answer))
    return certain(Unknown(question_of_type(call.machine, value, kinds or (), call.node)))


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
        several = _classes_in(machine, value)
        if several is None:
            return None
        kinds += several
    return kinds


def _classes_in(machine: Machine, value: Value) -> list[Class] | None:
    if isinstance(value, Reference):
        return [value.dotted]
    if isinstance(value, ClassValue):
        return [value]
    container = machine.container(value)
    if container is None or container.kind != "tuple" or container.open is not None:
        return None
    return classes_of(machine, tuple(alternative for item in container.items for alternative in item.value))


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
    owner = machine.kind_of(value)
    if owner is not None:
        return _is_object_of(machine, owner, kind)
    name = _type_name(machine, value)
    if name in _TYPES or name == "NoneType":
        return kind in _TYPES.get(name, ())
    made_by = value.subject.made_by if isinstance(value, Unknown) else ""
    return _is_made_of(made_by, kind) if made_by and not isinstance(kind, ClassValue) else None


def _type_name(machine: Machine, value: Value) -> str:
    """The builtin type of a value, where the text tells that."""
    container = machine.container(value)
    if container is not None:
        return container.kind
    return type(value.value).__name__ if isinstance(value, Const) else ""


def _is_made_of(made_by: str, kind: str) -> bool | None:
    """Whether what a function of a library made is of a class of a library."""
    if made_by == kind:
        return True  # An instance of a class, if the name is that of one at all.
    made = class_made_by(made_by)
    answer = is_class(made, kind) if made else None
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
    kind = machine.kind_of(value)
    if kind is not None:
        return certain(kind)
    made = class_made_by(value.subject.made_by) if isinstance(value, Unknown) else ""
    return certain(Reference(f"torchvision.models.{made}")) if made else None


@models("type", least=1, most=1)
def _type(call: Called) -> Alternatives:
    return mapped(lambda value: class_of(call.machine, value) or call.unknown(), call.positional[0])


@models("callable")
def _callable(call: Called) -> Alternatives:
    owner = only(call.argument(0))
    if isinstance(owner, (FunctionValue, ClassValue)):
        return certain(Const(True))
    is_plain_container = isinstance(owner, Location) and call.machine.kind_of(owner) is None
    if isinstance(owner, Const) or is_plain_container:
        return certain(Const(False))
    return certain(Unknown(call.machine.subject(("callable", owner), call.node)))


@models("hasattr")
def _hasattr(call: Called) -> Alternatives:
    owners, names = call.argument(0) or (), call.argument(1) or ()
    has = _has(call, only(owners), names)
    if has is not None:
        return certain(Const(has))
    first = owners[0][0] if owners else None
    key = ("hasattr", subject_of(first) or first, tuple(name for name, _ in names))
    question = call.machine.subject(key, call.node)
    question.circumstance |= first is not None and is_of_library(first)
    return certain(Unknown(question))


def _has(call: Called, owner: Value | None, names: Alternatives) -> bool | None:
    name = text_of(names[0][0]) if names else None
    return has_attribute(call.machine, owner, name) if owner is not None and name is not None else None


@models("functools.partial", least=1)
def _partial(call: Called) -> Alternatives:
    def with_arguments(function: Value) -> Alternatives:
        if not isinstance(function, (FunctionValue, Reference)) or call.unpacks:
            return call.unknown()
        return certain(replace(function, wrapped=(*function.wrapped, *call.arguments[1:])))

    return mapped(with_arguments, call.positional[0]) or call.unknown()


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


@models("pytest.param", least=1)
def _parameters(call: Called) -> Alternatives:
    """The values of one run of a test, as the row that a list of others holds."""
    if call.unpacks:
        return call.unknown()
    if len(call.positional) == 1:
        return call.positional[0]
    return call.machine.made("tuple", tuple(map(Item, call.positional)))


@models("collections.namedtuple")
def _namedtuple(call: Called) -> Alternatives:
    names = _field_names(call, only(call.argument(1, "field_names")))
    defaults, why = call.machine.items(call.named.get("defaults", NONE), call.node)
    if names is None or why is not None or len(defaults) > len(names):
        return call.unknown()
    return certain(Record(tuple(map(str, names)), tuple(item.value for item in defaults)))


def _field_names(call: Called, written: Value | None) -> Sequence[Hashable] | None:
    """The names of a list, or of a text with spaces or commas between them."""
    text = text_of(written)
    if text is not None:
        return text.replace(",", " ").split()
    return plain_constants(call.machine, written) if written is not None else None


@models("dataclasses.field", "attr.ib", "attrs.field", "attr.field", "pydantic.Field", "pydantic.fields.Field")
@models("typer.Option", "typer.Argument")
def _field(call: Called) -> Alternatives:
    """What a field of a class is if it is not given."""
    factory = only(call.named.get("default_factory") or call.named.get("factory"))
    if factory is not None:
        (made,) = call.machine.call_each(factory, [[]], call.node)
        return made
    return call.argument(0, "default") or call.unknown()


@models("next", least=1)
def _next(call: Called) -> Alternatives:
    """The first item of an iterator, which is not there any more behind the call; of none left, the default."""
    items, why = call.items()
    if why is not None or not (len(items) == 1 or has_order(call)):
        return call.unknown()
    if not items:
        return call.argument(1) or call.unknown()
    if items[0].condition:
        return call.unknown()
    _take_first(call)
    return items[0].value


def _take_first(call: Called) -> None:
    """Take the first item out of the iterator that is the first argument, if there is only one that it can be."""
    iterator = only(call.positional[0])
    container = call.machine.container(iterator) if iterator is not None else None
    if isinstance(iterator, Location) and container is not None:
        call.machine.change(iterator, replace(container, items=container.items[1:]))
