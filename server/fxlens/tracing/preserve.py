"""Keeps a model as it was while somebody works on it.

Tracing runs ``forward``, and ``forward`` may do anything: reassign buffers (they become proxies), count calls, fill
caches. torch.fx itself leaves ``_tensor_constantN`` attributes behind, and both modes have to be switched on. All of
it is undone here, on success and on failure.
"""

from __future__ import annotations

import gc
import random
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

_DEPTH = 3
"""How many levels of containers inside an attribute are kept: enough for a cache of lists, and never endless."""


class Snapshot:
    """A model as it is now: modes, attributes, hooks, the contents of containers in attributes, values of buffers.

    Parameters are kept by identity; their values are not copied (they may be large, and reading them while tracing
    yields proxies). The states of torch's CPU generator and of ``random`` are kept too, so that listing names does not
    change what a seeded program computes next.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._training = model.training
        self._attributes: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self._filled: list[tuple[Any, Any]] = []
        # Most containers of a module are its hooks, and empty: a list of them costs least.
        self._empty: list[Any] = []
        self._tensors: list[tuple[torch.Tensor, int, torch.Tensor]] = []
        for module in list(model.modules()):
            attributes = module.__dict__.copy()
            self._attributes.append((module.__dict__, attributes))
            for value in attributes.values():
                if isinstance(value, _CONTAINERS):
                    self._keep_container(value, _DEPTH)
                elif isinstance(value, torch.Tensor):
                    self._keep_tensor(value)
            for buffer in module._buffers.values():  # noqa: SLF001 - buffers() would descend
                if buffer is not None:
                    self._keep_tensor(buffer)
        self._random_states = torch.get_rng_state(), random.getstate()

    def _keep_container(self, value: Any, depth: int) -> None:
        if not value:
            self._empty.append(value)
            return
        self._filled.append((value, value.copy()))
        if depth > 1:
            for item in value.values() if isinstance(value, dict) else value:
                if isinstance(item, _CONTAINERS):
                    self._keep_container(item, depth - 1)

    def _keep_tensor(self, tensor: torch.Tensor) -> None:
        if not isinstance(tensor, nn.Parameter) and not is_lazy(tensor) and not tensor.is_inference():
            self._tensors.append((tensor, tensor._version, tensor.detach().clone()))  # noqa: SLF001 - no public name

    def changed_tensors(self) -> list[str]:
        """The paths of the buffers, and of tensors in plain attributes, that are no longer what they were.

        A buffer that has been replaced by a traced value is none of them: what computes it is in the graph.
        """
        written = {id(tensor) for tensor, version, _ in self._tensors if tensor._version != version}  # noqa: SLF001
        before = {
            id(held): content for held, content in self._filled if isinstance(held, dict) and _differs(held, content)
        }
        found: list[str] = []
        if not written and not before:
            return found
        for path, module in self._model.named_modules():
            buffers = before.get(id(module._buffers), module._buffers)  # noqa: SLF001
            attributes = {name: value for name, value in vars(module).items() if id(value) in written}
            for name, old in (*buffers.items(), *attributes.items()):
                new = module._buffers.get(name, old)  # noqa: SLF001
                if id(old) in written or (new is not old and isinstance(new, torch.Tensor)):
                    found.append(f"{path}.{name}" if path else name)
        return found

    def restore(self) -> None:
        """Make the model what it was; may be called more than once."""
        torch.set_rng_state(self._random_states[0])
        random.setstate(self._random_states[1])
        try:
            if self._model.training != self._training:
                # A train() of the user's own may do more than set flags (merge weights): it must be able to undo it.
                self._model.train(self._training)
        finally:
            for state, attributes in self._attributes:
                state.clear()
                state.update(attributes)
            for container in self._empty:
                if container:
                    container.clear()
            for container, content in self._filled:
                _refill(container, content)
            for at, (tensor, version, value) in enumerate(self._tensors):
                if tensor._version != version:  # noqa: SLF001
                    with torch.no_grad():
                        tensor.copy_(value)
                    self._tensors[at] = (tensor, tensor._version, value)  # noqa: SLF001


_CONTAINERS = (dict, list, set, deque)


@contextmanager
def preserved(model: nn.Module, snapshot: Snapshot | None = None) -> Iterator[None]:
    """Restore ``model`` on leaving, on success and on failure; from ``snapshot`` if there is one already."""
    snapshot = snapshot or Snapshot(model)
    try:
        yield
    finally:
        snapshot.restore()


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the garbage collector from scanning, again and again, a graph that grows and is all alive."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _differs(container: dict[Any, Any], content: dict[Any, Any]) -> bool:
    return any(container.get(key) is not value for key, value in content.items())


def _refill(container: Any, content: Any) -> None:
    container.clear()
    if isinstance(container, (dict, set)):
        container.update(content)
    else:
        container.extend(content)
