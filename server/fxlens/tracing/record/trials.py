"""Tries what may make a model traceable, so that a message names only remedies that work.

What is tried, in the order in which it is offered: fixing optional arguments at their defaults, where the dialect has
``concrete_args`` (under our own rule that has been done by then); recording a function that ``forward`` calls as one
node; the smallest set of leaf modules; passing a part of the model that holds most of it. Which of these serve a call
depends on what it requests (:mod:`fxlens.remedies`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from types import BuiltinFunctionType, FunctionType, ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import fx, nn

from fxlens.graph import Mode, Remedy, RemedyKind
from fxlens.remedies import FEATURE_PARTS
from fxlens.tracing.record.bytecode import RunningLine
from fxlens.tracing.record.default_arguments import default_arguments
from fxlens.tracing.record.dialect_settings import TraceSettings
from fxlens.tracing.record.forward_lines import user_entries

if TYPE_CHECKING:
    from fxlens.tracing.record.modes import ModeTrace

Traces: TypeAlias = "Mapping[Mode, ModeTrace]"
Attempt: TypeAlias = "Callable[[nn.Module, TraceSettings, Mapping[str, Any]], Traces]"

_TRIAL_SECONDS = 5.0
"""How long to go on trying: the failure itself is known by then, and must not be lost to the limit of the phase."""
_MAX_LEAVES = 8
"""How many classes to try as leaves: more than a few would hide most of the model."""
_MAX_WRAPPED = 4
_MAX_DEPTH = 4
"""How deep to look for a part that can be traced."""
_MOST_PARTS = 6
"""A part that holds less than one in so many of the parameters makes no feature extractor."""
_SHARDED = "_fsdp_wrapped_module"


class Trials:
    """The trials for one model that could not be traced.

    Args:
        model: the model.
        traces: its traces, of which at least one failed.
        settings: what they were made with.
        attempt: traces a model in both modes, with further arguments fixed.
        fixed: the names of the arguments that the call fixes already.
    """

    def __init__(
        self,
        model: nn.Module,
        traces: Traces,
        settings: TraceSettings,
        attempt: Attempt,
        fixed: Collection[str] = (),
    ) -> None:
        self._model = model
        self._traces = traces
        self._settings = settings
        self._attempt_with = attempt
        self._fixed = fixed
        self._modes = [mode for mode, trace in traces.items() if trace.failure is not None]
        self._until = time.monotonic() + _TRIAL_SECONDS

    def remedies(self) -> tuple[Remedy, ...]:
        """The remedies that work, best first."""
        return (*self._arguments(), *self._wrapped(), *self._leaves(), *self._parts())

    def _attempt(self, model: nn.Module, settings: TraceSettings) -> Traces:
        return self._attempt_with(model, settings, {})

    @property
    def _has_time(self) -> bool:
        return time.monotonic() < self._until

    def _works(self, traces: Traces) -> bool:
        return all(traces[mode].graph is not None and traces[mode].failure is None for mode in self._modes)

    def _remedy(self, kind: RemedyKind, values: tuple[str, ...], traces: Traces) -> Remedy:
        return Remedy(kind, values, _names(traces["train"]), _names(traces["eval"]))

    def _arguments(self) -> Iterator[Remedy]:
        """The fewest optional arguments that have to be left at their defaults."""
        if self._settings.naming != "torchvision":  # timm's functions take none
            return
        defaults = {name: value for name, value in default_arguments(self._model).items() if name not in self._fixed}
        traces = self._traces
        for name in (None, *defaults):
            fewer = {other: value for other, value in defaults.items() if other != name}
            if not fewer or not self._has_time:
                continue
            tried = self._attempt_with(self._model, self._settings, fewer)
            if self._works(tried):
                defaults, traces = fewer, tried
            elif name is None:
                return
        if traces is not self._traces:
            written = tuple(f"{name}={value!r}" for name, value in defaults.items())
            yield self._remedy("concrete_args", written, traces)

    def _wrapped(self) -> Iterator[Remedy]:
        """A function, or the functions of a module, that ``forward`` calls on the line that fails."""
        error = next(trace.error for trace in self._traces.values() if trace.failure is not None)
        for kind, name, value in list(_called(error))[:_MAX_WRAPPED]:
            if not self._has_time:
                return
            wrapped = (*self._settings.tracer_kwargs.get(kind, ()), value)
            kwargs = {**self._settings.tracer_kwargs, kind: wrapped}
            traces = self._attempt(self._model, replace(self._settings, tracer_kwargs=kwargs))
            if self._works(traces):
                yield self._remedy(kind, (name,), traces)
                return

    def _leaves(self) -> Iterator[Remedy]:
        """The innermost classes that fail, and of those no more than are needed."""
        leaves: list[type[nn.Module]] = []
        traces = self._traces
        while not self._works(traces):
            failed = next(traces[mode] for mode in self._modes if traces[mode].failure is not None)
            where = failed.tracer.failed_in
            if where is None or where[1] in leaves or len(leaves) == _MAX_LEAVES or not self._has_time:
                return
            leaves.append(where[1])
            traces = self._with_leaves(leaves)
        for leaf in leaves[:-1]:
            fewer = [kind for kind in leaves if kind is not leaf]
            smaller = self._with_leaves(fewer) if self._has_time else traces
            if smaller is not traces and self._works(smaller):
                leaves, traces = fewer, smaller
        yield self._remedy("leaf_modules", tuple(f"{kind.__module__}.{kind.__qualname__}" for kind in leaves), traces)

    def _with_leaves(self, leaves: list[type[nn.Module]]) -> Traces:
        return self._attempt(self._model, replace(self._settings, leaf_modules=(*self._settings.leaf_modules, *leaves)))

    def _parts(self) -> Iterator[Remedy]:
        """Parts that hold much of the model, or are called what such parts are called; the outermost that work."""
        below = [("", self._model)]
        for _ in range(_MAX_DEPTH):
            candidates = [pair for path, module in below for pair in self._children(path, module)]
            working: dict[int, Traces] = {}
            for part in {id(part): part for _, part in candidates}.values():
                if not self._has_time:
                    return
                traces = self._attempt(part, self._settings)
                if self._works(traces):
                    working[id(part)] = traces
            for path, part in candidates:
                if id(part) in working:
                    alike = any(_are_alike(part, other) for _, other in candidates)
                    yield self._part(path, working[id(part)], alike)
            if any(id(part) in working and self._is_main(path, part) for path, part in candidates):
                return
            below = [(path, part) for path, part in candidates if id(part) not in working]

    def _is_main(self, path: str, part: nn.Module) -> bool:
        return path.rpartition(".")[2] in FEATURE_PARTS or _size(part) > _size(self._model) / 2

    def _part(self, path: str, traces: Traces, alike: bool) -> Remedy:
        remedy = self._remedy("submodule", (path,), traces)
        if not alike:
            return remedy
        train, evaluation = (tuple(f"{path}.{name}" for name in names) for names in (remedy.train, remedy.eval))
        return replace(remedy, train=train, eval=evaluation)

    def _children(self, path: str, module: nn.Module) -> list[tuple[str, nn.Module]]:
        """The children to try, a shared one under each of its names: towers as well, of which none is most of it."""
        much = _size(self._model) / _MOST_PARTS
        chosen = [
            (name, child)
            for name, child in module.named_modules(remove_duplicate=False)
            if name
            and "." not in name
            and (name in FEATURE_PARTS or _size(child) > much)
            and name != _SHARDED
            and _can_be_root(child)
        ]
        chosen.sort(key=lambda pair: FEATURE_PARTS.index(pair[0]) if pair[0] in FEATURE_PARTS else len(FEATURE_PARTS))
        return [(f"{path}.{name}" if path else name, child) for name, child in chosen]


def _names(trace: ModeTrace) -> tuple[str, ...]:
    if trace.graph is None:
        return ()
    called = [call.path for call in trace.tracer.module_calls] if trace.tracer.naming == "fxlens" else []
    return tuple(dict.fromkeys([*trace.names, *called]))


def _size(module: nn.Module) -> int:
    # A lazy parameter has no size yet.
    return sum(0 if nn.parameter.is_lazy(each) else each.numel() for each in module.parameters())


def _are_alike(part: nn.Module, other: nn.Module) -> bool:
    """Whether a name may mean something in either of two parts: the towers of CLIP, a teacher and a student."""
    return part is not other and not {name for name, _ in part.named_children()}.isdisjoint(
        name for name, _ in other.named_children()
    )


def _can_be_root(module: nn.Module) -> bool:
    forward = getattr(type(module), "forward", None)
    if forward in (None, nn.Module.forward) or isinstance(module, torch.jit.ScriptModule):
        return False
    return not fx.Tracer().is_leaf_module(module, "part")


def _called(error: Exception | None) -> Iterator[tuple[RemedyKind, str, Any]]:
    """The functions, and the modules of functions, that the lines of model code on the way to ``error`` name.

    The outermost line comes first: what is recorded there is recorded as one node.
    """
    seen: set[int] = set()
    entries: list[TracebackType] = user_entries(error.__traceback__) if error else []
    for entry in entries:
        frame = entry.tb_frame
        for name in RunningLine.of(entry).names:
            value = frame.f_globals.get(name, frame.f_locals.get(name))
            if id(value) in seen:
                continue
            seen.add(id(value))
            if isinstance(value, ModuleType) and value.__name__.partition(".")[0] != "torch":
                yield "autowrap_modules", name, value
            elif isinstance(value, (FunctionType, BuiltinFunctionType)) and name in frame.f_globals:
                yield "autowrap_functions", name, value
