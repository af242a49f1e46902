"""Building a model without its memory: ways that are tried in order until one works.

1. ``parameters``: parameters on the meta device, buffers real, so that ``torch.linspace(…).tolist()`` works.
2. ``everything``: all tensors on the meta device, for constructors that mix parameters with other tensors.
3. ``skipping``: on the CPU, with random initialisation skipped: memory is reserved but mostly never touched.
4. ``accelerated``: as the first, where everything says that there is an accelerator; only for code that wants one.

A failed way leaves half-built state behind, so the next one starts in a fresh trace process.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from fxlens.tracing.torch_private import asked_directly
from fxlens.worker.accelerated import with_accelerator


@contextlib.contextmanager
def parameters() -> Iterator[None]:
    """Move each parameter to the meta device as it is registered."""
    original = nn.Module.register_parameter

    def register(module: nn.Module, name: str, param: nn.Parameter | None) -> None:
        original(module, name, param if param is None else _on_meta(param))

    nn.Module.register_parameter = register  # type: ignore[method-assign,assignment]
    try:
        with _random_values_left_out():
            yield
    finally:
        nn.Module.register_parameter = original  # type: ignore[method-assign]


def _on_meta(param: nn.Parameter) -> nn.Parameter:
    with asked_directly() if type(param) is nn.Parameter else contextlib.nullcontext():
        stays = param.is_meta or nn.parameter.is_lazy(param)
        return param if stays else _moved(param)


def _moved(param: nn.Parameter) -> nn.Parameter:
    # Remembered on the parameter itself: one that two modules share must stay one.
    on_meta = param.__dict__.get("_fxlens_on_meta")
    if isinstance(on_meta, nn.Parameter):
        return on_meta
    kind = type(param) if type(param) is not torch.Tensor else nn.Parameter
    moved = kind(param.detach().to("meta"), requires_grad=param.requires_grad)
    moved.__dict__.update(param.__dict__)
    param.__dict__["_fxlens_on_meta"] = moved
    return moved


@contextlib.contextmanager
def everything() -> Iterator[None]:
    with torch.device("meta"), _random_values_left_out():
        yield


@contextlib.contextmanager
def _random_values_left_out() -> Iterator[None]:
    """Tensors on the meta device have none, but torch would import a second's worth of modules for ``normal_``.

    For ``uniform_`` it runs a row of Python functions: a tenth of the time that a resnet50 takes to be built.
    """
    normal, uniform = torch.Tensor.normal_, torch.Tensor.uniform_

    def normal_(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        std = kwargs.get("std", args[1] if len(args) > 1 else 1)
        plain = _has_no_values(tensor) and type(std) in (int, float) and std >= 0
        return tensor if plain else normal(tensor, *args, **kwargs)

    def uniform_(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        low = kwargs.get("from", args[0] if args else 0)
        high = kwargs.get("to", args[1] if len(args) > 1 else 1)
        plain = _has_no_values(tensor) and {type(low), type(high)} <= {int, float} and low <= high
        return tensor if plain else uniform(tensor, *args, **kwargs)

    torch.Tensor.normal_, torch.Tensor.uniform_ = normal_, uniform_  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        del torch.Tensor.normal_, torch.Tensor.uniform_  # They were, and are, those of the class above.


def _has_no_values(tensor: torch.Tensor) -> bool:
    if type(tensor) not in (torch.Tensor, nn.Parameter):
        return False
    with asked_directly():
        return tensor.is_meta and tensor.is_floating_point()


class _SkipRandom(TorchFunctionMode):
    """Makes random initialisation do nothing, whoever calls it."""

    skipped = frozenset({torch.Tensor.normal_, torch.Tensor.uniform_, torch.Tensor.erfinv_})

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in self.skipped:
            return args[0]
        return func(*args, **(kwargs or {}))


@contextlib.contextmanager
def skipping() -> Iterator[None]:
    original = nn.init.orthogonal_

    def untouched(tensor: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
        return tensor

    nn.init.orthogonal_ = untouched  # It decomposes the matrix, which takes seconds for a large one.
    try:
        with _SkipRandom():
            yield
    finally:
        nn.init.orthogonal_ = original


@contextlib.contextmanager
def accelerated() -> Iterator[None]:
    with with_accelerator(), parameters():
        yield


WAYS: tuple[Callable[[], contextlib.AbstractContextManager[None]], ...] = (
    parameters,
    everything,
    skipping,
    accelerated,
)
ACCELERATED = WAYS.index(accelerated)
NO_WAY = -1
"""Says that this way failed as well, and that what went wrong in the one before counts."""
