"""Functions that look at objects, by dotted name."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import replace

from fxlens.source.library.called import Called, models
from fxlens.source.library.protocol import Machine
from fxlens.source.library.python import plain_constants
from fxlens.source.syntax import nodes as n
from fxlens.source.values import (
    NONE,
    Alternatives,
    Const,
    FunctionValue,
    Item,
    Record,
    Reference,
    Subject,
    Unknown,
    Value,
    certain,
    conjunction,
    joined,
    under,
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
            if isinstance(name, Const) and isinstance(name.value, str):
                sides.append(under(call.machine.attribute(owner, name.value, call.node), both))
            else:
                sides.append(under(call.unknown(), both))
    return joined(*sides) if sides else call.unknown()


@models("os.environ.get", "os.getenv")
def _environment(call: Called) -> Alternatives:
    """A variable of the environment: what is given in its place applies, as the default of a parameter does."""
    names, default = call.argument(0, "key"), call.argument(1, "default")
    if not names or default is None:
        return call.unknown()
    subject = call.machine.subject(("environment", names, default), call.node)
    subject.default = default
    return certain(Unknown(subject))


@models("isinstance")
def _isinstance(call: Called) -> Alternatives:
    if len(call.positional) != 2:
        return call.unknown()
    kinds = _kinds(call.machine, call.positional[1])
    sides: list[Alternatives] = []
    for value, condition in call.positional[0]:
        answer = is_instance(call.machine, value, kinds) if kinds is not None else None
        if answer is not None:
            sides.append(((Const(answer), condition),))
            continue
        sides.append(under(certain(Unknown(question_of_type(call.machine, value, kinds or (), call.node))), condition))
    return joined(*sides) if sides else call.unknown()


def question_of_type(machine: Machine, value: Value, kinds: Iterable[str], node: n.Expression) -> Subject:
    """Whether a value is of one of the types, where only a run can tell."""
    subject = value.subject if isinstance(value, Unknown) else value
    return machine.subject(("isinstance", subject, tuple(sorted(kinds))), node)


def _kinds(machine: Machine, alternatives: Alternatives) -> list[str] | None:
    kinds: list[str] = []
    for value, _ in alternatives:
        if isinstance(value, Reference):
            kinds.append(value.dotted)
            continue
        container = machine.container(value)
        if container is None:
            return None
        for item in container.items:
            kinds += [each.dotted for each, _ in item.value if isinstance(each, Reference)]
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


def is_instance(machine: Machine, value: Value, kinds: list[str]) -> bool | None:
    """Whether a value is of one of the types; nothing where only a run can tell."""
    container = machine.container(value)
    if container is not None and container.kind == "instance":
        return None
    name = container.kind if container is not None else type(value.value).__name__ if isinstance(value, Const) else ""
    if name in _TYPES or name == "NoneType":
        return any(kind in _TYPES.get(name, ()) for kind in kinds)
    if isinstance(value, Unknown) and value.subject.made_by in kinds:
        return True  # An instance of a class, if the name is that of one at all.
    if isinstance(value, Unknown) and value.subject.made_by and _PLAIN.issuperset(kinds):
        return False if value.subject.made_by.startswith(("torch", "timm")) else None
    return None


@models("hasattr", "callable")
def _hasattr(call: Called) -> Alternatives:
    owner = call.positional[0][0][0] if call.positional else None
    if isinstance(owner, (Const, FunctionValue)) and len(call.positional) == 2:
        name = call.positional[1][0][0]
        if isinstance(owner, Const) and isinstance(name, Const) and isinstance(name.value, str):
            return certain(Const(hasattr(owner.value, name.value)))
    key = (
        "hasattr",
        owner.subject if isinstance(owner, Unknown) else owner,
        tuple(v for v, _ in (call.argument(1) or ())),
    )
    return certain(Unknown(call.machine.subject(key, call.node)))


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
def _field(call: Called) -> Alternatives:
    """What a field of a class is if it is not given."""
    factory = call.argument(len(call.positional), "default_factory") or call.argument(len(call.positional), "factory")
    if factory is not None and len(factory) == 1:
        (made,) = call.machine.call_each(factory[0][0], [[]], call.node)
        return made
    return call.argument(0, "default") or call.unknown()


@models("next")
def _next(call: Called) -> Alternatives:
    items, why = call.items() if call.positional else ([], None)
    containers = [call.machine.container(value) for value, _ in call.positional[0]] if call.positional else []
    in_order = all(each is None or not (each.unordered or each.kind == "set") for each in containers)
    if why is None and items and not items[0].condition and (in_order or len(items) == 1):
        return items[0].value
    return call.unknown()
