"""What the call of a module returns in the end: tensors with the backward hooks of others, which no forward hook sees.

torch puts those on a module's output after its forward hooks have run. Gradients that come back through what a forward
hook saw go past them. ``nn.Module.__call__`` is replaced while somebody asks for such a module, as torch.fx does it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from torch import nn
from torch.nn.modules import module as module_globals

_lock = threading.RLock()
_told: dict[int, list[Callable[[Any], None]]] = {}
"""Whom to tell what a module returned, by its id; who asks holds the module."""
_original: Any = nn.Module.__call__


def has_backward_hooks(module: nn.Module) -> bool:
    """Whether somebody wants to see the gradients of what ``module`` returns."""
    hooks = module_globals
    return bool(
        module._backward_hooks  # noqa: SLF001 - there is no public way to ask
        or getattr(module, "_backward_pre_hooks", None)
        or getattr(hooks, "_global_backward_hooks", None)
        or getattr(hooks, "_global_backward_pre_hooks", None)
    )


def tell_after_calls(stack: ExitStack, module: nn.Module, tell: Callable[[Any], None]) -> None:
    """Tell ``tell`` what each call of ``module`` returns, until ``stack`` ends."""
    global _original
    with _lock:
        if not _told:
            _original = nn.Module.__call__
            setattr(nn.Module, "__call__", _call)  # noqa: B010 - of a class, so no plain assignment
        _told.setdefault(id(module), []).append(tell)
    stack.callback(_forget, module, tell)


def _forget(module: nn.Module, tell: Callable[[Any], None]) -> None:
    with _lock:
        _told[id(module)].remove(tell)
        if not _told[id(module)]:
            del _told[id(module)]
        if not _told and nn.Module.__call__ is _call:
            setattr(nn.Module, "__call__", _original)  # noqa: B010


def _call(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
    value = _original(self, *args, **kwargs)
    for tell in list(_told.get(id(self), ())):
        tell(value)
    return value
