"""Which modules a model calls, in which order and with what results: seen in one run on meta tensors.

For models that torch.fx cannot trace. The run takes one path through the model, that of its input: another input may
call other modules. It computes nothing and touches no weights; the model is left as it was.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from fxlens.graph import Mode, Value
from fxlens.tracing.example_inputs import ExampleInput, example_inputs
from fxlens.tracing.meta import MetaTensors
from fxlens.tracing.preserve import Snapshot, preserved
from fxlens.tracing.shapes import describe_value

RUN_SECONDS = 5.0
"""How long to try inputs, in all. The modules are known without a run; only their order and shapes need it."""


@dataclass(frozen=True)
class ModuleCallRecord:
    """One call of the module at ``path``: its number for that module, from 0, and what it took and returned."""

    path: str
    number: int
    value: Value


@dataclass(frozen=True)
class ModuleRun:
    """The calls of one run, in the order in which they returned, and the ``input`` that the model was given."""

    calls: tuple[ModuleCallRecord, ...]
    input: ExampleInput


class _TimeUp(BaseException):
    """Ends a run that takes too long. Not an Exception: the model may catch those."""


def run_on_meta(
    model: nn.Module,
    mode: Mode,
    example_input: Any = None,
    snapshot: Snapshot | None = None,
    seconds: float = RUN_SECONDS,
) -> ModuleRun | None:
    """Run ``model`` in ``mode`` on the first of its :func:`~fxlens.tracing.example_inputs.example_inputs` that works.

    Returns:
        ``None`` if none works in ``seconds``: the model needs another input, or values that meta tensors do not have
        (``.item()``, ``nonzero()``).
    """
    until = time.monotonic() + seconds
    for example in example_inputs(model, example_input):
        if time.monotonic() > until:
            return None
        with preserved(model, snapshot), _prepared(model, mode):
            calls = _calls(model, example, until)
        if calls is not None:
            return ModuleRun(tuple(calls), example)
    return None


@contextmanager
def _prepared(model: nn.Module, mode: Mode) -> Iterator[None]:
    nn.Module.train(model, mode == "train")  # a train() of its own may start a training
    MetaTensors().take_over(model)
    with torch.no_grad(), torch.device("meta"):
        yield


def _calls(model: nn.Module, example: ExampleInput, until: float) -> list[ModuleCallRecord] | None:
    calls: list[ModuleCallRecord] = []
    with ExitStack() as hooks:
        for path, module in model.named_modules():
            if path:
                hooks.callback(module.register_forward_pre_hook(_watch_time(until)).remove)
                hooks.callback(module.register_forward_hook(_recorder(path, calls)).remove)
        try:
            model(*example.args, **example.kwargs)
        except (Exception, _TimeUp):
            return None
    return calls


def _watch_time(until: float) -> Any:
    def check(_module: nn.Module, _args: Any) -> None:
        if time.monotonic() > until:
            raise _TimeUp

    return check


def _recorder(path: str, calls: list[ModuleCallRecord]) -> Any:
    number = 0

    def record(_module: nn.Module, _args: Any, output: Any) -> None:
        nonlocal number
        calls.append(ModuleCallRecord(path, number, describe_value(output)))
        number += 1

    return record
