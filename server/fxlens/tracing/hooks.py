"""An extractor that reads modules' outputs by forward hooks: for models that torch.fx cannot trace.

The hooks exist only while ``forward`` runs, so copies, pickles and the ``state_dict`` are those of an ordinary module.
The rejected alternative, hooks that stay registered, leaves them in every copy of the model and keeps values alive.
"""

from __future__ import annotations

import inspect
import sys
import threading
import warnings
from collections import Counter, OrderedDict
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from types import FrameType
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn.modules import module as module_globals

from fxlens.graph import Mode
from fxlens.paths import prefixes
from fxlens.tracing.extractor import Backend, Extractor
from fxlens.tracing.hook_messages import not_called, replaced_text, several_calls, stands_at
from fxlens.tracing.module_queries import module_query
from fxlens.tracing.returned import Returned
from fxlens.tracing.switching import is_training


class NotCalledError(RuntimeError):
    """A requested module was not called in this forward pass, so its output key has no value."""


class HookExtractor(Extractor):
    """Returns what modules of ``model`` returned, as an ``OrderedDict`` of the user's keys.

    ``forward`` takes what the model takes, and runs the model itself, with hooks on the requested modules. It stops as
    soon as all values are there, unless a forward hook of somebody else stands on a requested module or above it.
    Values are what the modules returned, whatever that is (a tensor, a tuple, a model's output class), as it was then:
    a tensor that the model overwrites in place afterwards is copied. An object that is no container nor dataclass is
    handed out as the model leaves it.

    It cannot be scripted. ``torch.compile`` runs it uncompiled (a graph break): compiled code would not see the hooks.

    Attributes:
        model: the model itself; parameters and modes are its own.
        queries: for each mode the queries, with their output keys.
    """

    backend: ClassVar[Backend] = "hooks"

    def __init__(self, model: nn.Module, queries: Mapping[Mode, Mapping[str, str]]) -> None:
        super().__init__()
        self.model = model
        self.training = is_training(model)
        self.queries: dict[Mode, dict[str, str]] = {mode: dict(keys) for mode, keys in queries.items()}
        self._plans = {mode: _plan(model, keys) for mode, keys in self.queries.items()}
        # Keys whose tensors the model overwrites later, by mode; None until a forward pass has shown which.
        self._overwritten: dict[Mode, set[str] | None] = dict.fromkeys(self.queries)

    def extra_repr(self) -> str:
        train, evaluation = self.queries["train"], self.queries["eval"]
        if train == evaluation:
            return f"backend='hooks', return_nodes={train!r}"
        return f"backend='hooks', train_return_nodes={train!r}, eval_return_nodes={evaluation!r}"

    def __prepare_scriptable__(self) -> nn.Module:
        raise RuntimeError(
            f"this extractor of {type(self.model).__qualname__} cannot be scripted: it reads modules by hooks, and "
            "TorchScript runs none; backend='fx' makes one that can be, if torch.fx can trace the model"
        )

    def forward(self, *args: Any, **kwargs: Any) -> OrderedDict[str, Any]:
        """Run the model until all requested modules have returned.

        Raises:
            NotCalledError: if the model returned before a requested module was called (often enough).
            RuntimeError: if a module is requested by a further path of it, and the model called it more than once.
        """
        # torch.compiler.disable as a decorator would import the compiler, a second of work, with this module.
        dynamo = sys.modules.get("torch._dynamo")
        extract = self._extract if dynamo is None else dynamo.disable(self._extract)
        values: OrderedDict[str, Any] = extract(args, kwargs)
        return values

    def _extract(self, args: Any, kwargs: Any) -> OrderedDict[str, Any]:
        mode: Mode = "train" if self.training else "eval"
        keys, plan = self.queries[mode], self._plans[mode]
        learned = self._overwritten[mode]
        copied = set(keys.values()) if learned is None else learned
        aliases = _aliases(self.model, plan)
        run = _Run(self, len(keys), not aliases and _may_stop(self.model, plan), copied)
        if keys:
            self._run(run, plan, args, kwargs)
        missing = {query: key for query, key in keys.items() if key not in run.returned}
        if missing:
            replaced = [path for path, module in run.hooked.items() if not stands_at(self.model, path, module)]
            raise NotCalledError(not_called(self.model, missing, run.calls) + replaced_text(replaced))
        if run.is_ambiguous:
            raise RuntimeError(_AMBIGUOUS)
        for path, first in aliases.items():
            if run.calls[path] > 1:
                raise RuntimeError(several_calls(path, first, run.calls[path]))
        overwritten = {key for key, value in run.returned.items() if value.is_overwritten()}
        self._learn(mode, overwritten)
        return OrderedDict((key, run.returned[key].value(overwritten=key in overwritten)) for key in keys.values())

    def _run(self, run: _Run, plan: _Plan, args: Any, kwargs: Any) -> None:
        with ExitStack() as hooks:
            for path, calls in plan.items():
                # Read anew each time: a copy of the extractor, or a replica of DataParallel, has modules of its own.
                module = run.hooked[path] = self.model.get_submodule(path)
                handle = module.register_forward_hook(run.hook(path, calls, module))
                hooks.callback(handle.remove)
            hooks.enter_context(run)
            hooks.enter_context(uncompiled())
            try:
                self.model(*args, **kwargs)
            except _Stop as stop:
                if stop.run is not run:
                    raise

    def _learn(self, mode: Mode, overwritten: set[str]) -> None:
        """Remember which values need copies; the first pass copies all, since nothing is known of it."""
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


_Plan = dict[str, dict[int, str]]
"""For each module path the wanted calls, with the output keys."""


def _plan(model: nn.Module, keys: Mapping[str, str]) -> _Plan:
    plan: _Plan = {}
    for query, key in keys.items():
        wanted = module_query(model, query)
        if wanted is None:
            raise ValueError(f"{query!r} is not a module of {type(model).__qualname__}")
        plan.setdefault(wanted.path, {})[wanted.call] = key
    return plan


_AMBIGUOUS = (
    "Run one extractor of this model at a time: it calls modules in its own threads, and another extractor of it ran "
    "at the same time, so their calls cannot be told apart."
)


class _Stop(BaseException):
    """Ends ``forward`` of the model when ``run`` has all its values. Not an Exception: the model may catch those."""

    def __init__(self, run: _Run) -> None:
        super().__init__()
        self.run = run


_running = threading.local()


class _Run(AbstractContextManager["_Run"]):
    """One forward pass of one extractor: what its hooks have seen so far.

    Others may call the same modules meanwhile: another thread that runs the same model, or a hook of the model that
    runs another extractor. A thread that the model itself starts belongs to the pass.

    Attributes:
        returned: the values so far, by output key.
        hooked: the modules that have a hook of the pass, by path.
        calls: how often each of these was called so far, by path.
        thread: the thread that runs it.
        pauses: how many passes of extractors that are no part of the model run inside it in that thread.
        is_ambiguous: whether a call may have been that of another extractor's pass just as well.
    """

    def __init__(self, extractor: HookExtractor, needed: int, may_stop: bool, copied: Collection[str]) -> None:
        self.returned: dict[str, Returned] = {}
        self.hooked: dict[str, nn.Module] = {}
        self.calls: Counter[str] = Counter()
        self.thread = threading.get_ident()
        self.pauses = 0
        self.is_ambiguous = False
        self._extractor = extractor
        self._model = extractor.model
        self._paused: list[_Run] = []
        self._needed = needed
        self._may_stop = may_stop
        self._copied = copied
        self._lock = threading.Lock()

    def __enter__(self) -> _Run:
        stack = _running.__dict__.setdefault("stack", [])
        self._paused = [run for run in stack if not run.holds(self._extractor)]
        for run in self._paused:
            run.pauses += 1
        stack.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _running.stack.pop()
        for run in self._paused:
            run.pauses -= 1

    def holds(self, extractor: nn.Module) -> bool:
        """Whether ``extractor`` is a part of the model, whose calls are then the model's."""
        return any(module is extractor for module in self._model.modules())

    def hook(self, path: str, calls: Mapping[int, str], module: nn.Module) -> Any:
        def take(called: nn.Module, _args: Any, output: Any) -> None:
            if called is not module or not self._is_ours(called):  # a replica of DataParallel has its original's hooks
                return
            with self._lock:
                key = calls.get(self.calls[path])
                self.calls[path] += 1
                if key is not None:
                    self.returned[key] = Returned(output, copied=key in self._copied)
            if key is not None:
                self._stop_if_all_is_there()

        take.__dict__["run"] = self
        return take

    def _is_ours(self, module: nn.Module) -> bool:
        if self.pauses:
            return False
        if threading.get_ident() == self.thread:
            return True
        if _running.__dict__.get("stack") or _calls_model(self._model):
            return False
        runs = {getattr(hook, "run", self) for hook in [*module._forward_hooks.values()]}  # noqa: SLF001
        self.is_ambiguous |= any(run is not self and run.thread != self.thread for run in runs)
        return True

    def _stop_if_all_is_there(self) -> None:
        # Nobody would catch it in another thread.
        if self._may_stop and len(self.returned) == self._needed and threading.get_ident() == self.thread:
            self._may_stop = False  # once: a model that swallows everything runs to its end
            raise _Stop(self)


def _calls_model(model: nn.Module) -> bool:
    """Whether this thread is in a call of ``model``."""
    frame: FrameType | None = inspect.currentframe()
    while frame is not None:
        if frame.f_code is _CALL and frame.f_locals.get("self") is model:
            return True
        frame = frame.f_back
    return False


_CALL = nn.Module.__call__.__code__
"""The frame in which a module runs its forward and its hooks."""


def _aliases(model: nn.Module, plan: _Plan) -> dict[str, str]:
    """The first paths of the modules whose first call is requested by a further path of theirs, by that path.

    The other path stands for one of the calls, and which one only the code tells: it is taken if there is but one.
    """
    wanted = {path: model.get_submodule(path) for path, calls in plan.items() if 0 in calls}
    first = {module: path for path, module in model.named_modules()} if wanted else {}
    return {path: first[module] for path, module in wanted.items() if first[module] != path}


def _may_stop(model: nn.Module, plan: _Plan) -> bool:
    """Whether nobody waits for the modules that would not return: hooks of others (accelerate, FSDP, a profiler)."""
    if module_globals._global_forward_hooks or module_globals._global_forward_pre_hooks:  # noqa: SLF001
        return False
    paths = {"", *(prefix for path in plan for prefix in prefixes(path))}
    modules = [model.get_submodule(path) for path in paths]
    return not any(module._forward_hooks or "forward" in vars(module) for module in modules)  # noqa: SLF001


def uncompiled() -> AbstractContextManager[Any]:
    """Compiled parts of the model run uncompiled: their code was made without the hooks. Since torch 2.6."""
    stance = getattr(torch.compiler, "set_stance", None)
    return nullcontext() if stance is None or "torch._dynamo" not in sys.modules else stance("force_eager")
