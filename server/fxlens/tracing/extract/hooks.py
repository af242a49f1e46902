"""An extractor that reads modules' outputs by forward hooks: for models that torch.fx cannot trace."""

from __future__ import annotations

import inspect
import threading
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from types import FrameType
from typing import Any, ClassVar

from torch import nn

from fxlens.graph import Mode
from fxlens.tracing.describe.module_queries import first_paths, module_query
from fxlens.tracing.extract.extractor import Backend
from fxlens.tracing.extract.forward_pass import NotCalledError, Pass, RunningExtractor, is_in_a_pass, may_stop
from fxlens.tracing.extract.hook_messages import not_called, replaced_text, several_calls, stands_at


class HookExtractor(RunningExtractor):
    """Returns what modules of ``model`` returned, as an ``OrderedDict`` of the user's keys.

    ``forward`` takes what the model takes, and runs the model itself, with hooks on the requested modules. It stops as
    soon as all values are there, unless a forward hook of somebody else stands on a requested module or above it.
    Values are what the modules returned, whatever that is (a tensor, a tuple, a model's output class), as it was then:
    a tensor that the model overwrites in place afterwards is copied. An object that is neither a container nor a
    dataclass is returned as the model leaves it.

    It raises :class:`NotCalledError` if the model returned before a requested module was called (often enough), and
    ``RuntimeError`` if a module is requested by a further path of it, and the model called it more than once.

    It cannot be scripted. ``torch.compile`` runs it uncompiled (a graph break): compiled code would not see the hooks.

    Attributes:
        model: the model itself; parameters and modes are its own.
        queries: for each mode the queries, with their output keys.
    """

    backend: ClassVar[Backend] = "hooks"
    unscripted: ClassVar[str] = "reads modules by hooks, and TorchScript runs none"

    def __init__(self, model: nn.Module, queries: Mapping[Mode, Mapping[str, str]]) -> None:
        super().__init__(model, queries)
        self._plans = {mode: _plan(model, keys) for mode, keys in self.queries.items()}

    def _pass(self, mode: Mode, copied: Collection[str]) -> _HookPass:
        return _HookPass(self, self._plans[mode], copied)

    def _check(self, current: _HookPass, mode: Mode) -> None:
        missing = {query: key for query, key in self.queries[mode].items() if key not in current.returned}
        if missing:
            replaced = [path for path, module in current.hooked.items() if not stands_at(self.model, path, module)]
            raise NotCalledError(not_called(self.model, missing, current.calls) + replaced_text(replaced))
        if current.is_ambiguous:
            raise RuntimeError(_AMBIGUOUS)
        for path, first in current.aliases.items():
            if current.calls[path] > 1:
                raise RuntimeError(several_calls(path, first, current.calls[path]))


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


class _HookPass(Pass):
    """A forward pass with hooks on modules. A thread that the model itself starts belongs to it.

    Attributes:
        hooked: the modules that have a hook of the pass, by path.
        calls: how often each of these was called so far, by path.
        aliases: see :func:`aliases`.
        is_ambiguous: whether a call may have been that of another extractor's pass just as well.
    """

    def __init__(self, extractor: RunningExtractor, plan: _Plan, copied: Collection[str]) -> None:
        self.aliases = aliases(extractor.model, [path for path, calls in plan.items() if 0 in calls])
        may = not self.aliases and may_stop(extractor.model, plan)
        super().__init__(extractor, sum(map(len, plan.values())), may, copied)
        self.hooked: dict[str, nn.Module] = {}
        self.calls: Counter[str] = Counter()
        self.is_ambiguous = False
        self._plan = plan
        self._lock = threading.Lock()

    def watch(self, stack: ExitStack) -> None:
        for path, calls in self._plan.items():
            # Read again each time: a copy of the extractor, or a replica of DataParallel, has modules of its own.
            module = self.hooked[path] = self.model.get_submodule(path)
            handle = module.register_forward_hook(self._hook(path, calls, module))
            stack.callback(handle.remove)
            self.await_returns(stack, module)

    def _hook(self, path: str, calls: Mapping[int, str], module: nn.Module) -> Any:
        def take(called: nn.Module, _args: Any, output: Any) -> None:
            if called is not module or not self._is_ours(called):  # a replica of DataParallel has its original's hooks
                return
            with self._lock:
                key = calls.get(self.calls[path])
                self.calls[path] += 1
                if key is not None:
                    self.take(key, output, module)
            if key is not None:
                self.stop_if_all_is_there()

        take.__dict__["pass"] = self
        return take

    def _is_ours(self, module: nn.Module) -> bool:
        if self.is_paused:
            return False
        if threading.get_ident() == self.thread:
            return True
        if is_in_a_pass() or _calls_model(self.model):
            return False
        passes = {getattr(hook, "pass", self) for hook in [*module._forward_hooks.values()]}  # noqa: SLF001
        self.is_ambiguous |= any(each is not self and each.thread != self.thread for each in passes)
        return True


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


def aliases(model: nn.Module, paths: Collection[str]) -> dict[str, str]:
    """The first paths of the modules whose first call is requested by a further path of theirs, by that path.

    The other path stands for one of the calls, and which one only the code tells: it is taken if there is but one.
    """
    first = first_paths(model) if paths else {}
    return {path: name for path in paths if (name := first[id(model.get_submodule(path))]) != path}
