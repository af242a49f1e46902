"""Programs for many processes, evaluated in one: no group is formed, nothing is sent, and a rank is 0 of 1."""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from fxlens.worker.devices import Inert, answering

FORMING = ("init_process_group", "destroy_process_group", "barrier", "monitored_barrier")


def neutralise_distributed() -> None:
    """Called once in the worker. ``is_available`` and ``is_initialized`` stay as they are: programs choose by them."""
    module: Any = torch.distributed
    if not module.is_available():
        return
    functions = {name: value for name, value in vars(module).items() if _is_collective(value)}
    for owner in (module, sys.modules.get("torch.distributed.distributed_c10d")):
        for name, value in functions.items():
            if owner is not None and hasattr(owner, name):
                setattr(owner, name, _nothing if name in FORMING else answering(name, value))
    _tell_of_connections(module)
    for name, patch in AFTER_IMPORT.items():
        if name in sys.modules:
            patch(sys.modules[name])
    wrapper: Any = nn.parallel.DistributedDataParallel
    wrapper.__init__, wrapper.forward = _wrap, _run_wrapped


class _Mesh(Inert):
    """One process, however many dimensions it is arranged in."""

    ndim = 1

    def size(self, *_: Any) -> int:
        return 1

    def __getitem__(self, _: object) -> _Mesh:
        return self


def _meshes(module: types.ModuleType) -> None:
    owners: list[Any] = [module, torch.distributed]
    for owner in owners:
        if hasattr(owner, "init_device_mesh"):
            owner.init_device_mesh = _Mesh


def _leaving_as_it_is(*names: str) -> Callable[[types.ModuleType], None]:
    """The functions of these names return the module or the tensor that they would have divided."""

    def patch(module: types.ModuleType) -> None:
        for name in names:
            if hasattr(module, name):
                setattr(module, name, _first)

    return patch


def _first(divided: Any, *_: Any, **__: Any) -> Any:
    return divided


def _sharding(module: Any) -> None:
    """Without a policy it wraps the module as a whole; with one, parts too, whose names only a run knows."""
    wrapper: Any = module.FullyShardedDataParallel
    init, forward = wrapper.__init__, wrapper.forward

    @functools.wraps(init)
    def wrap(self: Any, module: nn.Module, *args: Any, auto_wrap_policy: Any = None, **kwargs: Any) -> None:
        if auto_wrap_policy is not None or len(args) > _BEFORE_POLICY:
            init(self, module, *args, auto_wrap_policy=auto_wrap_policy, **kwargs)
            return
        nn.Module.__init__(self)
        self._fsdp_wrapped_module = module
        self.__dict__.update(_fxlens_whole=True, training_state=None)  # read where its tensors are named

    @functools.wraps(forward)
    def run(self: Any, *inputs: Any, **kwargs: Any) -> Any:
        whole = self.__dict__.get("_fxlens_whole")
        return self._fsdp_wrapped_module(*inputs, **kwargs) if whole else forward(self, *inputs, **kwargs)

    wrapper.__init__, wrapper.forward = wrap, run


_BEFORE_POLICY = 3
"""Positional arguments of FSDP between the module and the policy."""
AFTER_IMPORT: dict[str, Callable[[types.ModuleType], None]] = {
    "torch.distributed.device_mesh": _meshes,
    "torch.distributed.tensor._api": _leaving_as_it_is("distribute_tensor", "distribute_module"),
    "torch.distributed._tensor.api": _leaving_as_it_is("distribute_tensor", "distribute_module"),
    "torch.distributed.tensor.parallel.api": _leaving_as_it_is("parallelize_module"),
    "torch.distributed.fsdp._fully_shard._fully_shard": _leaving_as_it_is("fully_shard"),
    "torch.distributed._composable.fsdp.fully_shard": _leaving_as_it_is("fully_shard"),
    "torch.distributed.fsdp.fully_sharded_data_parallel": _sharding,
}
"""Parts of torch.distributed that are imported when they are needed."""


def _is_collective(value: object) -> bool:
    return (
        type(value) is types.FunctionType  # One of the values warns when it is requested its class.
        and value.__module__ == "torch.distributed.distributed_c10d"
        and not value.__name__.startswith(("is_", "_"))
    )


def _nothing(*_: Any, **__: Any) -> None:
    return None


def _wrap(self: Any, module: nn.Module, *_: Any, **__: Any) -> None:
    nn.Module.__init__(self)
    self.module = module


def _run_wrapped(self: Any, *inputs: Any, **kwargs: Any) -> Any:
    return self.module(*inputs, **kwargs)


def _tell_of_connections(module: Any) -> None:
    """Stores connect, and write files, in C++, where no audit event tells."""
    stores: dict[str, Callable[..., None]] = {
        "TCPStore": lambda host_name="", port=0, *_, **__: sys.audit("socket.connect", None, (host_name, port)),
        "FileStore": lambda file_name="", *_, **__: sys.audit("open", file_name, "w", 1),
    }
    for name, tell in stores.items():
        original = getattr(module, name, None)
        if original is not None:
            told = type(name, (original,), {"__init__": _telling(tell, original.__init__)})
            for owner in ("torch.distributed", "torch.distributed.rendezvous", "torch._C._distributed_c10d"):
                if hasattr(sys.modules.get(owner), name):
                    setattr(sys.modules[owner], name, told)


def _telling(tell: Callable[..., None], original: Callable[..., None]) -> Callable[..., None]:
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        tell(*args, **kwargs)
        original(self, *args, **kwargs)

    return init
