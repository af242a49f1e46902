"""What the extractors share that run the model itself: one forward pass, which ends early, and the values it gave.

What they put on the model exists only while ``forward`` runs, so copies, pickles and the ``state_dict`` are those of an
ordinary module. The rejected alternative, hooks that stay registered, leaves them in every copy of the model and keeps
values alive.
"""

from __future__ import annotations

import sys
import threading
import warnings
from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import Any, ClassVar

from torch import nn
from torch.nn.modules import module as module_globals

from fxlens.graph import Mode
from fxlens.paths import prefixes
from fxlens.tracing.extract.after_calls import has_backward_hooks, tell_after_calls
from fxlens.tracing.extract.extractor import Extractor
from fxlens.tracing.extract.returned import Returned
from fxlens.tracing.model_state.compiled_parts import uncompiled
from fxlens.tracing.model_state.own_runs import own_runs
from fxlens.tracing.model_state.switching import is_training


class NotCalledError(RuntimeError):
    """A requested module or operation did not run in this forward pass, so its output key has no value."""


class RunningExtractor(Extractor):
    """Returns values of ``model`` while it runs, as an ``OrderedDict`` of the user's keys.

    Values are as they were when they were computed: a tensor that the model overwrites in place afterwards is copied.

    Attributes:
        model: the model itself; parameters and modes are its own.
        queries: for each mode the queries, with their output keys.
        unscripted: what it does that TorchScript does not.
    """

    unscripted: ClassVar[str]

    def __init__(self, model: nn.Module, queries: Mapping[Mode, Mapping[str, str]]) -> None:
        super().__init__()
        self.model = model
        self.training = is_training(model)
        self.queries: dict[Mode, dict[str, str]] = {mode: dict(keys) for mode, keys in queries.items()}
        # Keys whose tensors the model overwrites later, by mode; None until a forward pass has shown which.
        self._overwritten: dict[Mode, set[str] | None] = dict.fromkeys(self.queries)

    def extra_repr(self) -> str:
        train, evaluation = self.queries["train"], self.queries["eval"]
        if train == evaluation:
            return f"backend={self.backend!r}, return_nodes={train!r}"
        return f"backend={self.backend!r}, train_return_nodes={train!r}, eval_return_nodes={evaluation!r}"

    def __prepare_scriptable__(self) -> nn.Module:
        raise RuntimeError(
            f"this extractor of {type(self.model).__qualname__} cannot be scripted: it {self.unscripted}; "
            "backend='fx' makes one that can be, if torch.fx can trace the model"
        )

    def forward(self, *args: Any, **kwargs: Any) -> OrderedDict[str, Any]:
        """Run the model until all requested values are there.

        Raises:
            NotCalledError: if the model returned before that.
        """
        # torch.compiler.disable as a decorator would import the compiler, a second of work, with this module.
        dynamo = sys.modules.get("torch._dynamo")
        extract = self._extract if dynamo is None else dynamo.disable(self._extract)
        values: OrderedDict[str, Any] = extract(args, kwargs)
        return values

    def _extract(self, args: Any, kwargs: Any) -> OrderedDict[str, Any]:
        mode: Mode = "train" if self.training else "eval"
        keys, learned = self.queries[mode], self._overwritten[mode]
        current = self._pass(mode, set(keys.values()) if learned is None else learned)
        if keys:
            self._run(current, args, kwargs)
        self._check(current, mode)
        overwritten = {key for key, value in current.returned.items() if value.is_overwritten()}
        self._learn(mode, overwritten)
        return OrderedDict((key, current.returned[key].value(overwritten=key in overwritten)) for key in keys.values())

    @abstractmethod
    def _pass(self, mode: Mode, copied: Collection[str]) -> Pass:
        """A forward pass that is still to be run; the tensors under the keys ``copied`` are copied at once."""

    @abstractmethod
    def _check(self, current: Any, mode: Mode) -> None:
        """Raise where the pass has not given what is requested."""

    def _run(self, current: Pass, args: Any, kwargs: Any) -> None:
        with ExitStack() as stack:
            current.watch(stack)
            stack.enter_context(current)
            stack.enter_context(uncompiled())
            try:
                self.model(*args, **kwargs)
            except Stop as stop:
                if stop.current is not current:
                    raise

    def _learn(self, mode: Mode, overwritten: set[str]) -> None:
        """Remember which values need copies; the first pass copies all, since no information exists on it."""
        learned = self._overwritten[mode]
        new = overwritten - (learned or set())
        self._overwritten[mode] = overwritten | (learned or set())
        if learned is not None and new:
            names = ", ".join(map(repr, sorted(new)))
            warnings.warn(
                f"This output has overwritten values: for the first time, the model modified {names} in place after "
                "returning it. The next calls copy it first.",
                stacklevel=3,
            )


class Stop(BaseException):
    """Ends ``forward`` when ``current`` has all its values. Not an Exception: the model may catch those."""

    def __init__(self, current: Pass) -> None:
        super().__init__()
        self.current = current


_running = threading.local()


class Pass(AbstractContextManager["Pass"]):
    """One forward pass of one extractor: what it has seen so far.

    Others may call the same modules meanwhile: another thread that runs the same model, or a hook of the model that
    runs another extractor.

    Attributes:
        returned: the values so far, by output key.
        thread: the thread that runs it.
        pauses: how many passes of extractors that are not part of the model run inside it in that thread.
    """

    def __init__(self, extractor: RunningExtractor, needed: int, may_stop: bool, copied: Collection[str]) -> None:
        self.returned: dict[str, Returned] = {}
        self.thread = threading.get_ident()
        self.pauses = 0
        self._own_runs = own_runs()
        self.model = extractor.model
        self._extractor = extractor
        self._paused: list[Pass] = []
        self._needed = needed
        self._may_stop = may_stop
        self._copied = copied
        # The keys of modules that are about to return, of which forward hooks do not see what they return.
        self._awaited: dict[int, list[str]] = {}

    def __enter__(self) -> Pass:
        stack = _running.__dict__.setdefault("stack", [])
        self._paused = [current for current in stack if not current.holds(self._extractor)]
        for current in self._paused:
            current.pauses += 1
        stack.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _running.stack.pop()
        for current in self._paused:
            current.pauses -= 1

    @abstractmethod
    def watch(self, stack: ExitStack) -> None:
        """Begin to watch the model; ``stack`` ends it."""

    def holds(self, extractor: nn.Module) -> bool:
        """Whether ``extractor`` is a part of the model, whose calls are then the model's."""
        return any(module is extractor for module in self.model.modules())

    @property
    def is_elsewhere(self) -> bool:
        """Whether what happens now belongs to somebody else."""
        return self.is_paused or threading.get_ident() != self.thread

    @property
    def is_paused(self) -> bool:
        """Whether others run the model inside the pass: another extractor, or we, to see what the model does."""
        return bool(self.pauses) or (threading.get_ident() == self.thread and own_runs() != self._own_runs)

    def take(self, key: str, output: Any, module: nn.Module | None = None) -> None:
        """Keep ``output`` under ``key``; it is what ``module`` returns, if others have put nothing else on it."""
        waiting = None if module is None else self._awaited.get(id(module))
        if waiting is None:
            self.returned[key] = Returned(output, copied=key in self._copied)
        else:
            waiting.append(key)

    def await_returns(self, stack: ExitStack, module: nn.Module) -> None:
        """Take what ``module`` returns in the end, where that is not what forward hooks see."""
        if not has_backward_hooks(module) or id(module) in self._awaited:
            return

        def tell(value: Any) -> None:
            keys, self._awaited[id(module)] = self._awaited[id(module)], []
            for key in keys:
                self.returned[key] = Returned(value, copied=key in self._copied)
            if keys:
                self.stop_if_all_is_there()

        self._awaited[id(module)] = []
        tell_after_calls(stack, module, tell)

    def stop_if_all_is_there(self) -> None:
        # Nobody would catch it in another thread.
        if self._may_stop and len(self.returned) == self._needed and threading.get_ident() == self.thread:
            self._may_stop = False  # once: a model that swallows everything runs to its end
            raise Stop(self)


def is_in_a_pass() -> bool:
    """Whether this thread runs an extractor."""
    return bool(_running.__dict__.get("stack"))


def may_stop(model: nn.Module, wanted: Iterable[str]) -> bool:
    """Whether nobody waits for the modules that would not return: hooks of others (accelerate, FSDP, a profiler).

    ``wanted`` are the paths of modules in which values are taken.
    """
    if module_globals._global_forward_hooks or module_globals._global_forward_pre_hooks:  # noqa: SLF001
        return False
    paths = {"", *(prefix for path in wanted for prefix in prefixes(path))}
    modules = [model.get_submodule(path) for path in paths]
    return not any(module._forward_hooks or "forward" in vars(module) for module in modules)  # noqa: SLF001
