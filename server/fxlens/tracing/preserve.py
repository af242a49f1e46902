"""Keeps a model as it was while somebody works on it.

Tracing runs ``forward``, and ``forward`` may do anything: reassign buffers (they become proxies), count calls, fill
caches. torch.fx itself leaves ``_tensor_constantN`` attributes behind, and both modes have to be switched on. All of
it is undone here, on success and on failure.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

_DEPTH = 3
"""How many levels of containers inside an attribute are kept: enough for a cache of lists, and never endless."""


@contextmanager
def preserved(model: nn.Module) -> Iterator[None]:
    """Restore ``model`` on leaving: modes, attributes, buffers and their values, hooks, containers in attributes.

    Parameters are kept by identity; their values are not copied (they may be large, and reading them while tracing
    yields proxies). The states of torch's CPU generator and of ``random`` are restored too, so that listing names does
    not change what a seeded program computes next.
    """
    training = model.training
    kept = [_Kept(module) for module in list(model.modules())]
    torch_state, python_state = torch.get_rng_state(), random.getstate()
    try:
        yield
    finally:
        torch.set_rng_state(torch_state)
        random.setstate(python_state)
        try:
            if model.training != training:
                # A train() of the user's own may do more than set flags (merge weights): it must be able to undo it.
                model.train(training)
        finally:
            for module in kept:
                module.restore()


class _Kept:
    """The attributes of one module, the contents of the containers among them, and the values of its tensors."""

    def __init__(self, module: nn.Module) -> None:
        self._state = module.__dict__
        self._attributes = dict(self._state)
        self._contents: list[tuple[Any, Any]] = []
        for value in self._attributes.values():
            self._keep_container(value, _DEPTH)
        tensors = [*module._buffers.values(), *self._attributes.values()]  # noqa: SLF001 - buffers() would descend
        self._tensors = [
            (tensor, tensor._version, tensor.detach().clone())  # noqa: SLF001 - torch has no public name for it
            for tensor in tensors
            if isinstance(tensor, torch.Tensor) and not isinstance(tensor, nn.Parameter) and not tensor.is_inference()
        ]

    def _keep_container(self, value: Any, depth: int) -> None:
        if depth and isinstance(value, (dict, list, set, deque)):
            self._contents.append((value, value.copy() if value else ()))
            for item in value.values() if isinstance(value, dict) else value:
                self._keep_container(item, depth - 1)

    def restore(self) -> None:
        self._state.clear()
        self._state.update(self._attributes)
        for container, content in self._contents:
            if container or content:
                _refill(container, content)
        for tensor, version, value in self._tensors:
            if tensor._version != version:  # noqa: SLF001
                with torch.no_grad():
                    tensor.copy_(value)


def _refill(container: Any, content: Any) -> None:
    container.clear()
    if isinstance(container, (dict, set)):
        container.update(content)
    else:
        container.extend(content)
