"""Which modules a model calls, in which order and with what results: seen in one run on meta tensors.

For models that torch.fx cannot trace. The run takes one path through the model, that of its input: another input may
call other modules. It computes nothing and touches no weights; the model is left as it was.
"""

from __future__ import annotations

import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from fxlens.graph import Mode, SourceLine, Value
from fxlens.tracing.describe.example_inputs import ExampleInput, example_inputs
from fxlens.tracing.describe.meta import MetaTensors
from fxlens.tracing.describe.meta_values import ConditionsAnswered, TimeUpError
from fxlens.tracing.describe.module_queries import takes_hooks
from fxlens.tracing.describe.shapes import describe_value
from fxlens.tracing.model_state.compiled_parts import uncompiled
from fxlens.tracing.model_state.own_runs import InsideItselfError, is_run_by_us
from fxlens.tracing.model_state.snapshot import Snapshot, preserved
from fxlens.tracing.record.forward_lines import running_line

RUN_SECONDS = 5.0
"""How long to try inputs, in all. The modules are known without a run; only their order and shapes need it."""


@dataclass(frozen=True)
class ModuleCallRecord:
    """One call of the module at ``path``: its number for that module, from 0, and what it returned.

    ``caller`` is the path of the module whose ``forward`` made the call, ``source`` the line of model code that did.
    """

    path: str
    number: int
    value: Value
    caller: str = ""
    source: SourceLine | None = None


@dataclass(frozen=True)
class ModuleRun:
    """The calls of one run, in the order in which they returned, and the ``input`` that the model was given.

    ``conditions`` says how conditions on the values of tensors were taken, which a run on meta tensors cannot know;
    ``None`` if there were none. ``watched`` is what else watched the run.
    """

    calls: tuple[ModuleCallRecord, ...]
    input: ExampleInput
    conditions: bool | None = None
    watched: Any = None


def run_on_meta(
    model: nn.Module,
    mode: Mode,
    example_input: Any = None,
    snapshot: Snapshot | None = None,
    seconds: float = RUN_SECONDS,
    watch: Callable[[ExitStack], Any] | None = None,
) -> ModuleRun | None:
    """Run ``model`` in ``mode`` on the first of its example inputs that works.

    ``watch`` is called before each try, to put more on the model; it is taken away with the given stack.

    Returns:
        ``None`` if none works in ``seconds``: the model needs another input, or numbers that meta tensors do not have
        (``int(x.max())``, ``nonzero()``). Nor inside a run that is made to see the model's calls.
    """
    if is_run_by_us(model):
        return None
    load_meta_kernels()
    until = time.monotonic() + seconds
    for example in example_inputs(model, example_input):
        runs: list[ModuleRun] = []
        for answer in (False, True):
            if time.monotonic() > until:
                break
            conditions = ConditionsAnswered(answer, until)
            with preserved(model, snapshot), _prepared(model, mode), conditions, ExitStack() as stack:
                watched = watch(stack) if watch is not None else None
                calls = _calls(model, example, until)
            if calls is not None:
                runs.append(ModuleRun(tuple(calls), example, answer if conditions.count else None, watched))
            if not conditions.count:
                break
        if runs:
            return max(runs, key=lambda run: len({call.path for call in run.calls}))
        if time.monotonic() > until:
            return None
    return None


def load_meta_kernels() -> None:
    """Let torch import what it needs for meta tensors, before a run: it takes seconds, once in a process."""
    size = torch.empty(1, 1, device="meta")
    nn.functional.linear(size, size, size[0])


@contextmanager
def _prepared(model: nn.Module, mode: Mode) -> Iterator[None]:
    nn.Module.train(model, mode == "train")  # a train() of its own may start a training
    MetaTensors().take_over(model)
    with torch.no_grad(), torch.device("meta"), uncompiled(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they are about our inputs
        yield


def _calls(model: nn.Module, example: ExampleInput, until: float) -> list[ModuleCallRecord] | None:
    recorder = _Recorder(until)
    with ExitStack() as hooks:
        for path, module in model.named_modules():
            if path and takes_hooks(module):
                hooks.callback(module.register_forward_pre_hook(recorder.enter(path)).remove)
                hooks.callback(module.register_forward_hook(recorder.leave(path)).remove)
        try:
            model(*example.args, **example.kwargs)
        except InsideItselfError:
            raise
        except (Exception, TimeUpError):
            return None
    return recorder.calls


class _Recorder:
    """Hooks that note the calls of one run, which is ended at ``until``."""

    def __init__(self, until: float) -> None:
        self.calls: list[ModuleCallRecord] = []
        self._until = until
        self._thread = threading.get_ident()
        self._open: dict[int, list[tuple[str, SourceLine | None]]] = {self._thread: []}
        self._numbers: Counter[str] = Counter()

    def enter(self, path: str) -> Any:
        def note(_module: nn.Module, _args: Any) -> None:
            if time.monotonic() > self._until:
                raise TimeUpError
            self._opened().append((path, running_line(RUNNING)))

        return note

    def leave(self, path: str) -> Any:
        def record(_module: nn.Module, _args: Any, output: Any) -> None:
            source, stack = None, self._opened()
            while stack:  # a call inside may have raised, and the model caught it
                opened, source = stack.pop()
                if opened == path:
                    break
            caller = stack[-1][0] if stack else ""
            self.calls.append(ModuleCallRecord(path, self._numbers[path], describe_value(output), caller, source))
            self._numbers[path] += 1

        return record

    def _opened(self) -> list[tuple[str, SourceLine | None]]:
        """The calls that are open in this thread, with those in which the model started it."""
        return self._open.setdefault(threading.get_ident(), [*self._open[self._thread]])


RUNNING = _calls.__code__
