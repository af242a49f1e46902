"""Programs for many processes, evaluated in one: no group is formed, nothing is sent, and a rank is 0 of 1."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from fxlens.worker.devices import answering

FORMING = ("init_process_group", "destroy_process_group", "barrier", "monitored_barrier", "init_device_mesh")


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
    wrapper: Any = nn.parallel.DistributedDataParallel
    wrapper.__init__, wrapper.forward = _wrap, _run_wrapped


def _is_collective(value: object) -> bool:
    return (
        type(value) is types.FunctionType  # One of the values warns when it is asked for its class.
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
