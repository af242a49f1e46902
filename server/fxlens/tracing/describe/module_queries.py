"""What a query selects by module path: a module that takes hooks, and which of its calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import nn


class ModuleQuery(NamedTuple):
    """A query for what the module at ``path`` returned at its call number ``call``, counted from 0."""

    path: str
    call: int


def module_query(model: nn.Module, query: str) -> ModuleQuery | None:
    """What ``query`` selects by module path: ``path`` is the first call of a module, ``path_N`` its N+1st call.

    A module of exactly that path comes first: a model may have a module ``relu_1``.

    Returns:
        ``None`` if the model has no such module, or one that takes no hooks. The model itself (``""``) is not a module
        of its own.

    Example:
        >>> module_query(nn.Sequential(nn.ReLU()), "0_2")
        ModuleQuery(path='0', call=2)
    """
    return next((reading for reading in _readings(query) if module_at(model, reading.path) is not None), None)


def _readings(query: str) -> Iterator[ModuleQuery]:
    """What ``query`` may mean, best first, whatever modules there are."""
    yield ModuleQuery(query, 0)
    path, _, number = query.rpartition("_")
    if number.isdecimal() and str(int(number)) == number and int(number) > 0:
        yield ModuleQuery(path, int(number))


def takes_hooks(module: nn.Module) -> bool:
    """Whether hooks can be registered on a module: TorchScript's refuse them, and run without calling any."""
    return not isinstance(module, torch.jit.ScriptModule)


def can_be_called(module: nn.Module) -> bool:
    """Whether hooks can see a call of a module: a ModuleList is only a container, and TorchScript's take no hooks."""
    # Of the instance: torch.compile and patches of libraries set `forward` there.
    return takes_hooks(module) and getattr(module.forward, "__func__", None) is not nn.Module.forward


def scripted_module(model: nn.Module, query: str) -> str | None:
    """The path of the TorchScript module that ``query`` leads to or into, which hides it from hooks."""
    scripted = [path for path, module in model.named_modules(remove_duplicate=False) if not takes_hooks(module)]
    if "" in scripted:
        return ""
    wanted = [f"{reading.path}." for reading in _readings(query)]
    return next((path for path in scripted if any(each.startswith(f"{path}.") for each in wanted)), None)


def module_at(model: nn.Module, path: str) -> nn.Module | None:
    """The module at ``path`` that takes hooks; ``None`` if there is none. The model itself is at no path."""
    module = model
    if not takes_hooks(module):
        return None
    for name in path.split("."):
        # Not get_submodule: that also takes an attribute that is a module, but not a registered one.
        child = module._modules.get(name)  # noqa: SLF001 - the only way to see one child without all others
        if child is None or not takes_hooks(child):
            return None
        module = child
    return module


def first_paths(model: nn.Module) -> dict[int, str]:
    """The first path of each module, by its id: a class of the user's may say that two modules are equal."""
    first: dict[int, str] = {}
    for path, module in model.named_modules(remove_duplicate=False):
        first.setdefault(id(module), path)
    return first
