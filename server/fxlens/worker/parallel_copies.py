"""Copies of tensors on several accelerators (``torch.nn.parallel.comm``): all stay in the one place that there is."""

from __future__ import annotations

import functools
import operator
import sys
from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.parallel import comm


def broadcast(tensor: Any, devices: Sequence[Any] | None = None, *, out: Any = None) -> tuple[Any, ...]:
    return tuple(out) if out is not None else (tensor,) * len(devices or ())


def broadcast_coalesced(tensors: Sequence[Any], devices: Sequence[Any], *_: Any, **__: Any) -> list[list[Any]]:
    return [list(tensors) for _ in devices]


def reduce_add(inputs: Sequence[Any], *_: Any, **__: Any) -> Any:
    return functools.reduce(operator.add, inputs)


def reduce_add_coalesced(inputs: Sequence[Sequence[Any]], *_: Any, **__: Any) -> tuple[Any, ...]:
    return tuple(map(reduce_add, zip(*inputs, strict=True)))


def scatter(
    tensor: Any,
    devices: Sequence[Any] | None = None,
    chunk_sizes: Sequence[int] | None = None,
    dim: int = 0,
    _streams: Any = None,
    *,
    out: Any = None,
    **_: Any,
) -> tuple[Any, ...]:
    if out is not None:
        return tuple(out)
    return tuple(tensor.split(list(chunk_sizes), dim) if chunk_sizes else tensor.chunk(len(devices or ()), dim))


def gather(tensors: Sequence[Any], dim: int = 0, _destination: Any = None, *, out: Any = None, **_: Any) -> Any:
    return torch.cat(tuple(tensors), dim) if out is None else out


def neutralise_parallel_copies() -> None:
    """Called once in the worker; ``torch.cuda.comm`` has the functions by name, if it is imported."""
    for module in filter(None, (comm, sys.modules.get("torch.cuda.comm"))):
        for function in (broadcast, broadcast_coalesced, reduce_add, reduce_add_coalesced, scatter, gather):
            setattr(module, function.__name__, function)
