"""``ModuleList``, ``ModuleDict`` and ``Sequential`` of torch: which modules they were made with, by their names."""

from __future__ import annotations

from fxlens.source.alternatives import certain, only
from fxlens.source.library.called import Called
from fxlens.source.library.interpreter_interface import Machine
from fxlens.source.syntax import nodes as n
from fxlens.source.values import ALWAYS, Alternatives, Const, Container, Item, Subject, Unknown

MODULE_CONTAINERS = frozenset({"torch.nn.ModuleList", "torch.nn.ModuleDict", "torch.nn.Sequential"})
LISTS_MODULES = frozenset({"keys", "values", "items"})
"""The methods of a ``ModuleDict`` that list what it holds."""


def module_container(call: Called) -> Container | None:
    """What a container of modules is made with; nothing where only a run can tell."""
    if call.unpacks or call.named:
        return None
    kind = "dict" if call.dotted.endswith("Dict") else "list"
    first = call.argument(0)
    if first is None:
        return Container(kind)
    in_order = call.dotted.endswith("Sequential")
    if kind == "dict" or (in_order and _are_dicts(call.machine, first)):
        items, why = call.machine.entries(first, call.node)
    elif in_order:
        items, why = list(map(Item, call.positional)), None
    else:
        items, why = call.items()
    return Container(kind, tuple(items), why)


def _are_dicts(machine: Machine, alternatives: Alternatives) -> bool:
    containers = [machine.container(value) for value, _ in alternatives]
    return all(each is not None and each.kind == "dict" for each in containers)


def modules_in(machine: Machine, subject: Subject | None, node: n.Expression) -> Container | None:
    """The modules that a container of modules holds, if none has come to it or left it since it was made."""
    held = subject.modules if subject is not None else None
    if subject is None or held is None or not held.is_told or machine.is_changed(subject):
        return None
    keys = (item.key if held.kind == "dict" else None for item in held.items)
    return Container(held.kind, tuple(_part(machine, subject, at, key, node) for at, key in enumerate(keys)))


def _part(machine: Machine, subject: Subject, at: int, key: Alternatives | None, node: n.Expression) -> Item:
    constant = only(key)
    name = at if key is None else constant.value if isinstance(constant, Const) else key
    part = machine.subject((subject, ("entry", name)), node, subject)
    return Item(certain(Unknown(part)), ALWAYS, key)
