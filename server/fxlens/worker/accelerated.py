"""The last way of building: as on a computer that has an accelerator, for code that will not do without one.

``assert torch.cuda.is_available()``, ``assert x.is_cuda``, ``os.environ["LOCAL_RANK"]``: such code runs elsewhere, and
its model is the one that is built there. Elsewhere in the house what asks for an accelerator is answered truly, since
programs choose by it; that is why this way comes last, and only where what went wrong names an accelerator.
"""

from __future__ import annotations

import contextlib
import linecache
import os
import re
import sys
import traceback
from collections.abc import Iterator
from typing import Any

import torch

NAMES = re.compile(r"cuda|gpu|nvidia|accelerator|\bdevice|\b(mps|xpu|hpu|npu|rank|world_size)\b|local_rank", re.I)
LONGEST_TEXT = 10_000
LINES_BEFORE = 2
"""How many lines above the one that raised are looked at: the condition stands there."""
LAUNCHED = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "LOCAL_WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": "29500"}  # fmt: skip
"""What ``torchrun`` sets."""
ENOUGH = 8
"""How many there are: code asks for two or four of them, and nobody for more than one machine has."""
MODULES = ("cuda", "mps", "xpu", "accelerator", "backends.mps", "backends.cuda", "backends.cudnn", "distributed")


def names_accelerator(error: BaseException) -> bool:
    """Whether what went wrong names an accelerator: in its text, or in the lines that raised it."""
    with contextlib.suppress(Exception):  # Its class says what its text is.
        if NAMES.search(str(error), 0, LONGEST_TEXT):
            return True
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return False
    number = frames[-1].lineno or 0
    lines = (linecache.getline(frames[-1].filename, at) for at in range(max(1, number - LINES_BEFORE), number + 1))
    return any(NAMES.search(line) for line in lines)


@contextlib.contextmanager
def with_accelerator() -> Iterator[None]:
    """Everything says that there is one, and that tensors are on it."""
    device = torch.device("cuda", 0)
    print("The model is built as on a computer with an accelerator: the code does not build it without one.")
    os.environ.update({name: value for name, value in LAUNCHED.items() if name not in os.environ})
    with contextlib.ExitStack() as stack:
        for dotted in MODULES:
            module: Any = torch
            for name in dotted.split("."):
                module = getattr(module, name, None)
            for name in ("is_available", "is_built", "is_initialized"):
                if hasattr(module, name) and (dotted != "distributed" or name == "is_initialized"):
                    _replace(stack, module, name, _always(value=True))
            if hasattr(module, "device_count"):
                _replace(stack, module, "device_count", _always(value=ENOUGH))
        _replace(stack, torch.Tensor, "is_cuda", _told_to_others(torch.Tensor.is_cuda, value=True))
        _replace(stack, torch.Tensor, "is_cpu", _told_to_others(torch.Tensor.is_cpu, value=False))
        _replace(stack, torch.Tensor, "device", _told_to_others(torch.Tensor.device, device))
        yield


def _told_to_others(attribute: Any, value: object) -> property:
    """What a tensor says to all but torch's own code, which computes with what is there."""
    own = os.path.dirname(torch.__file__)  # noqa: PTH120

    def get(tensor: torch.Tensor) -> object:
        asking = sys._getframe(1).f_code.co_filename  # noqa: SLF001
        return attribute.__get__(tensor) if asking.startswith(own) else value

    return property(get)


def _always(*, value: object) -> Any:
    return lambda *_, **__: value


def _replace(stack: contextlib.ExitStack, owner: Any, name: str, value: object) -> None:
    if name in vars(owner):
        stack.callback(setattr, owner, name, vars(owner)[name])
    else:
        stack.callback(delattr, owner, name)
    setattr(owner, name, value)
