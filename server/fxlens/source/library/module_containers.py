"""``ModuleList``, ``ModuleDict`` and ``Sequential`` of torch: which modules they were made with, by their names."""

from __future__ import annotations

from collections.abc import Iterable

from fxlens.source.alternatives import certain
from fxlens.source.library.called import Called
from fxlens.source.library.interpreter_interface import Machine
from fxlens.source.syntax import nodes as n
from fxlens.source.values import ALWAYS, Alternatives, Const, Container, Item, Subject, Unknown

MODULE_CONTAINERS = frozenset({"torch.nn.ModuleList", "torch.nn.ModuleDict", "torch.nn.Sequential"})
LISTS_MODULES = frozenset({"keys", "values", "items"})
"""The methods of a ``ModuleDict`` that list what it holds."""


def module_container(call: Called) -> Container | None:
    """What a container of modules is made with; nothing where only a run can tell."""
    machine, is_dict = call.machine, call.dotted.endswith("Dict")
    if call.unpacks or call.named:
        return None
    first = call.argument(0)
    if first is None:
        return Container("dict" if is_dict else "list")
    is_table = all((held := machine.container(value)) is not None and held.kind == "dict" for value, _ in first)
    if is_dict or (is_table and call.dotted.endswith("Sequential")):
        items, why = machine.entries(first, call.node)
        return Container("dict" if is_dict else "list", tuple(items), why)
    if call.dotted.endswith("Sequential"):
        return Container("list", tuple(map(Item, call.positional)))
    items, why = machine.items(first, call.node)
    return Container("list", tuple(items), why)


def modules_in(machine: Machine, subject: Subject, node: n.Expression) -> Container | None:
    """The modules that a container of modules holds, if none has come to it or left it since it was made."""
    held = subject.modules
    if held is None or held.open is not None or machine.is_changed(subject):
        return None
    if any(item.condition for item in held.items):
        return None
    keys: Iterable[Alternatives | None] = (item.key if held.kind == "dict" else None for item in held.items)
    return Container(held.kind, tuple(_part(machine, subject, at, key, node) for at, key in enumerate(keys)))


def _part(machine: Machine, subject: Subject, at: int, key: Alternatives | None, node: n.Expression) -> Item:
    name = at if key is None else key[0][0].value if len(key) == 1 and isinstance(key[0][0], Const) else key
    part = machine.subject((subject, ("entry", name)), node, subject)
    return Item(certain(Unknown(part)), ALWAYS, key)
