"""What a parameter that no call passes is bound to in a slice: what a condition says of it, a default, a stand-in."""

from __future__ import annotations

from collections.abc import Iterator

from fxlens.source.analysis.events import Event
from fxlens.source.library.parameter_names import COUNT_TEXT, DEVICE_METHODS, LOADERS, NAMESPACE, SIZED_LAYERS, by_name
from fxlens.source.syntax import nodes as n
from fxlens.source.text.document import Document
from fxlens.source.values import TRUTHY, Condition, Const, Member, Subject, Truth


def stand_in(event: Event, condition: Condition, user: n.Node) -> str | None:
    """The text that stands for the parameter of ``event`` as ``user`` needs it; nothing if there is none."""
    subject, parameter = event.subject, event.node
    assert subject is not None
    assert isinstance(parameter, n.Parameter)
    said = _Said(subject, condition)
    if said.equals:
        return repr(said.equals[0])
    default = _default(event, parameter, said.truths)
    if default is not None:
        return default
    if said.truths:
        return str(said.truths[0])
    if said.excludes and _is_key_of_get(parameter.name, user):
        return "object()"  # None of the table's keys: each of those is under a condition that it is the one.
    return _named(parameter) or _by_use(parameter.name, user) or _namespace(event, parameter.name, user)


class _Said:
    """What a condition says of a subject: the constants it equals, its truth, and whether it is not something."""

    def __init__(self, subject: Subject, condition: Condition) -> None:
        literals = [(value, holds) for about, value, holds in condition if about is subject]
        self.equals = [value for value, holds in literals if holds and not isinstance(value, (Truth, Member))]
        self.truths = [holds for value, holds in literals if value is TRUTHY]
        self.excludes = any(not holds for _, holds in literals)


def _named(parameter: n.Parameter) -> str | None:
    """The stand-in for a parameter of that name, or of ``*rest`` and ``**named``."""
    return {"*": "()", "**": "{}"}[parameter.star] if parameter.star else by_name(parameter.name)


def _default(event: Event, parameter: n.Parameter, truths: list[bool]) -> str | None:
    """The default value as it is written, if it can be the one; a name of ours says more than None."""
    default = parameter.default
    if default is None:
        return _declared(event)
    if isinstance(default, n.Constant):
        excluded = bool(truths) and bool(default.value) is not truths[0]
        if excluded or (default.value is None and _named(parameter) is not None):
            return None
    return event.frame.document.code(default)


def _declared(event: Event) -> str | None:
    """The default of an option of the command line that a decorator gives the parameter."""
    values = event.subject.default if event.subject is not None else None
    only = values[0][0] if values is not None and len(values) == 1 else None
    return repr(only.value) if isinstance(only, Const) else None


def _by_use(name: str, user: n.Node) -> str | None:
    """A stand-in for what only goes where it changes no graph: ``num_classes=n``, ``nn.Linear(512, n)``, ``.to(d)``."""
    texts = {_at(path) for path in _uses(name, user)}
    return texts.pop() if len(texts) == 1 else None


def _uses(name: str, node: n.Node) -> Iterator[list[n.Node]]:
    """The paths, innermost node last, to where a name is read below ``node``."""
    stack: list[list[n.Node]] = [[node]]
    while stack:
        path = stack.pop()
        if isinstance(path[-1], n.Name) and path[-1].name == name:
            yield path
        stack += [[*path, child] for child in n.child_nodes(path[-1])]


def _at(path: list[n.Node]) -> str | None:
    above = path[-2] if len(path) > 1 else None
    if isinstance(above, n.Conditional):
        return _switch(above, path[-1])
    if not isinstance(above, n.Argument):
        return None
    if above.keyword:
        return by_name(above.keyword)
    return _as_argument_of(n.called_name(path[-3] if len(path) > 2 else None))


def _switch(choice: n.Conditional, name: n.Node) -> str | None:
    """``weights = W.DEFAULT if use_weights else None``: what is optional is not a model."""
    if choice.test is not name or not any(map(_is_none, (choice.body, choice.orelse))):
        return None
    return "False" if _is_none(choice.orelse) else "True"


def _as_argument_of(called: str) -> str | None:
    if called in DEVICE_METHODS:
        return '"cpu"'
    if called in LOADERS:
        return '""'
    return COUNT_TEXT if SIZED_LAYERS.match(called) else None


def _is_key_of_get(name: str, user: n.Node) -> bool:
    return any(len(path) > 2 and _is_get(path[-3]) for path in _uses(name, user))


def _is_get(node: n.Node) -> bool:
    return isinstance(node, n.Call) and isinstance(node.function, n.Attribute) and node.function.name == "get"


def _is_none(node: n.Expression) -> bool:
    return isinstance(node, n.Constant) and node.value is None


def _namespace(event: Event, name: str, user: n.Node) -> str | None:
    """A stand-in for ``args`` or ``cfg``, if ``user`` reads only attributes of it that may be stood in for."""
    wanted = _attributes(name, user)
    if not wanted or not all(each and by_name(each) for each in wanted):
        return None
    # All of them that the function reads: one binding serves every statement.
    namespace = {each: by_name(each) for each in _attributes(name, event.frame.node) if each}
    inner = ", ".join(f"{each}={text}" for each, text in sorted(namespace.items()) if text is not None)
    return f"{NAMESPACE}({inner})"


def _attributes(name: str, node: n.Node) -> set[str]:
    """The attributes that are read of a name; ``""`` among them where the object itself is used."""
    names: set[str] = set()
    for path in _uses(name, node):
        above = path[-2] if len(path) > 1 else None
        names.add(above.name if isinstance(above, n.Attribute) else "")
    return names


def whole_uses(name: str, node: n.Node) -> bool:
    """Whether ``node`` uses the object itself that a name stands for, and not only attributes of it."""
    return "" in _attributes(name, node)


__all__ = ["Document", "stand_in", "whole_uses"]
