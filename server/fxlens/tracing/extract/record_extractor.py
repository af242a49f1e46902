"""An extractor that also reads operations of a model that torch.fx cannot trace: it names them while the model runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any, ClassVar, NamedTuple

import torch
from torch import nn

from fxlens.graph import Mode
from fxlens.paths import prefixes
from fxlens.suggestions import nearest
from fxlens.tracing.describe.example_inputs import stated_input
from fxlens.tracing.describe.module_queries import can_be_called, first_paths, module_at, module_query
from fxlens.tracing.describe.module_run import run_on_meta
from fxlens.tracing.describe.recorder import IsLeaf, Recorder, Step, leaf_test
from fxlens.tracing.extract.extractor import Backend
from fxlens.tracing.extract.forward_pass import NotCalledError, Pass, RunningExtractor, may_stop
from fxlens.tracing.extract.hook_messages import several_calls
from fxlens.tracing.extract.hooks import aliases
from fxlens.tracing.model_state.compiled_parts import uncompiled
from fxlens.tracing.model_state.own_runs import InsideItselfError, is_run_by_us
from fxlens.tracing.model_state.snapshot import preserved


class PathChangedError(RuntimeError):
    """A requested operation is another one in this forward pass: the input takes another path than the first did."""


class RecordExtractor(RunningExtractor):
    """Returns what modules and operations of ``model`` yield, as an ``OrderedDict`` of the user's keys.

    ``forward`` takes what the model takes, and runs the model itself under a function mode, which names each operation
    as it runs. Names of operations are tied to the path that the input takes through the code of their module. The
    first forward pass of a mode says which that is. A pass whose input takes another one there raises
    :class:`PathChangedError`, and one that does not get to an operation :class:`NotCalledError`; both name the key.

    Operations inside leaf modules have no names, nor have those in threads that the model starts, in TorchScript, and
    ``getitem``. A copy, and what is unpickled, learns its path again. It cannot be scripted; ``torch.compile`` runs it
    uncompiled.

    Attributes:
        model: the model itself; parameters and modes are its own.
        queries: for each mode the queries, with their output keys.
    """

    backend: ClassVar[Backend] = "record"
    unscripted: ClassVar[str] = "names operations while Python runs them, and TorchScript runs no Python"

    def __init__(
        self,
        model: nn.Module,
        queries: Mapping[Mode, Mapping[str, str]],
        leaf_modules: tuple[type[nn.Module], ...] = (),
    ) -> None:
        super().__init__(model, queries)
        self._leaves = leaf_modules
        self._wanted = {mode: _wanted(model, keys) for mode, keys in self.queries.items()}
        self._paths: dict[Mode, dict[str, tuple[Step, ...]]] = {mode: {} for mode in self.queries}

    def __getstate__(self) -> dict[str, Any]:
        # Where the code stands belongs to this process.
        return {**self.__dict__, "_paths": {mode: {} for mode in self.queries}}

    def _pass(self, mode: Mode, copied: Collection[str]) -> _RecordPass:
        return _RecordPass(self, self._wanted[mode], leaf_test(self._leaves), copied)

    def _check(self, current: _RecordPass, mode: Mode) -> None:
        missing = [each for each in self._wanted[mode] if each.key not in current.returned]
        if missing:
            raise NotCalledError(_not_reached(missing, current.recorder.names))
        for path, first in current.aliases.items():
            if current.recorder.calls[first] > 1:
                raise RuntimeError(several_calls(path, first, current.recorder.calls[first]))
        learned = self._paths[mode]
        for each in self._wanted[mode]:
            if each.scope is not None:
                steps = tuple(current.recorder.trails[each.scope][: current.reached[each.name]])
                before = learned.setdefault(each.query, steps)
                if before != steps:
                    raise PathChangedError(_changed(each, before, steps))


class _Wanted(NamedTuple):
    """A query with its key: the ``name`` that a run gives to what it selects.

    ``scope`` is the module whose path through its code that depends on, ``None`` where a module is requested.
    """

    query: str
    key: str
    name: str
    scope: str | None


def _wanted(model: nn.Module, keys: Mapping[str, str]) -> tuple[_Wanted, ...]:
    first = first_paths(model)
    wanted = []
    for query, key in keys.items():
        module = module_at(model, query)
        scope, dot, label = query.rpartition(".")
        home = module_at(model, scope) if scope else model
        if module is not None:
            wanted.append(_Wanted(query, key, first[id(module)], None))
        elif home is not None:
            wanted.append(_Wanted(query, key, f"{first[id(home)]}{dot}{label}", first[id(home)]))
        else:
            raise ValueError(f"{query!r} is neither a module of {type(model).__qualname__} nor in one")
    return tuple(wanted)


class _RecordPass(Pass):
    """A forward pass that is recorded.

    Attributes:
        recorder: what names the values.
        reached: for each requested name how many steps its module had taken.
        aliases: see :func:`fxlens.tracing.extract.hooks.aliases`.
    """

    def __init__(
        self, extractor: RunningExtractor, wanted: tuple[_Wanted, ...], is_leaf: IsLeaf, copied: Collection[str]
    ) -> None:
        model = extractor.model
        self.aliases = aliases(model, [each.query for each in wanted if each.scope is None])
        homes = [each.name if each.scope is None else each.scope for each in wanted]
        super().__init__(extractor, len(wanted), not self.aliases and may_stop(model, homes), copied)
        self.reached: dict[str, int] = {}
        self._modules: dict[str, nn.Module] = {}
        self._wanted: dict[str, list[_Wanted]] = {}
        for each in wanted:
            self._wanted.setdefault(each.name, []).append(each)
        scopes = {each.scope for each in wanted if each.scope is not None}
        self.recorder = Recorder(model, is_leaf, self._value, scopes, RunningExtractor._run.__code__)  # noqa: SLF001
        self.recorder.is_paused = lambda: self.is_elsewhere

    def watch(self, stack: ExitStack) -> None:
        self.recorder.watch(stack)
        for each in [each for wanted in self._wanted.values() for each in wanted]:
            called = module_query(self.model, each.query)
            module = None if called is None else module_at(self.model, called.path)
            if module is not None:
                self._modules[each.name] = module
                self.await_returns(stack, module)

    def _value(self, name: str, value: Any) -> None:
        wanted = self._wanted.get(name)
        if wanted is None:
            return
        module = self._modules.get(name) if self.recorder.operation is None else None
        for each in wanted:
            if each.scope is not None:
                self.reached[name] = len(self.recorder.trails[each.scope])
            self.take(each.key, value, module)
        self.stop_if_all_is_there()


def unknown_operation(model: nn.Module, query: str, leaf_modules: Iterable[type[nn.Module]]) -> str | None:
    """Why no run of ``model`` gives the name ``query``, as far as the model's modules tell; ``None`` if it may.

    What stands before the last dot must be a module, whose code may call any function.
    """
    if module_at(model, query) is not None:
        return None
    scope, _, label = query.rpartition(".")
    home = module_at(model, scope) if scope else model
    if home is None or not label.isidentifier():
        return ""
    if label.rstrip("_0123456789") == "getitem":
        return f"{query!r} has no name: request the operation whose result is indexed, and index its value."
    is_leaf = leaf_test(leaf_modules)
    for path in prefixes(scope):
        leaf = module_at(model, path)
        if leaf is not None and can_be_called(leaf) and is_leaf(leaf, path):
            kind = type(leaf).__name__
            return f"{query!r} has no name: request {path!r}, since operations inside a {kind} are not recorded."
    return None


def recorded_names(
    model: nn.Module, mode: Mode, leaf_modules: Iterable[type[nn.Module]], example_input: Any = None
) -> tuple[list[str], bool]:
    """The names of what ``model`` computes in ``mode`` for an input; and whether its values decided none of them.

    The run is made on meta tensors. Where conditions on values decide which way it takes, or it needs numbers, and
    ``example_input`` has tensors with values, the model runs on those.

    Raises:
        ValueError: if no input suits the model.
        InsideItselfError: in a run that is made to find them.
    """
    if is_run_by_us(model):
        raise InsideItselfError(model)
    is_leaf = leaf_test(leaf_modules)

    def watch(stack: ExitStack) -> Recorder:
        recorder = Recorder(model, is_leaf, lambda _name, _value: None)
        recorder.watch(stack)
        return recorder

    run = run_on_meta(model, mode, example_input, watch=watch)
    if run is not None and run.conditions is None:
        return run.watched.names, True
    if example_input is not None and _has_values(example_input):
        return _run_really(model, mode, example_input, watch), True
    if run is None:
        raise ValueError(
            f"Pass example_input=: operations are named in a run, and no guessed input suits {type(model).__qualname__}"
            if example_input is None
            else f"Pass tensors with values as example_input=: {type(model).__qualname__} does not run on shapes alone"
        )
    return run.watched.names, False


def _has_values(example: Any) -> bool:
    tensors = list(_tensors(example))
    return bool(tensors) and not any(tensor.is_meta for tensor in tensors)


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, (tuple, list)) else ()
    for item in items:
        yield from _tensors(item)


def _run_really(model: nn.Module, mode: Mode, example_input: Any, watch: Any) -> list[str]:
    example = stated_input(example_input, on_meta=False)
    with preserved(model), torch.random.fork_rng(devices=[]), torch.no_grad(), uncompiled(), ExitStack() as stack:
        nn.Module.train(model, mode == "train")
        _copy_buffers(model)
        recorder: Recorder = watch(stack)
        model(*example.args, **example.kwargs)
    return recorder.names


def _copy_buffers(model: nn.Module) -> None:
    """Put copies in the place of all buffers: the run may write to them. To be used inside ``preserved``."""
    copies: dict[int, torch.Tensor] = {}
    for module in model.modules():
        buffers = module._buffers  # noqa: SLF001 - setattr runs user code
        for name, buffer in buffers.items():
            if buffer is not None:
                buffers[name] = copies.setdefault(id(buffer), buffer.detach().clone())


def _not_reached(missing: list[_Wanted], names: list[str]) -> str:
    described = ", ".join(map(_described, missing))
    verb = "was" if len(missing) == 1 else "were"
    near = list(dict.fromkeys(name for each in missing for name in nearest(each.name, names)))
    hint = f" This pass has {', '.join(map(repr, near))}." if near else ""
    return (
        f"{described} {verb} not reached in this forward pass, so there is no output.{hint} Which operations run may "
        "depend on the input: get_graph_node_names(model, backend='record', example_input=...) lists them."
    )


def _described(wanted: _Wanted) -> str:
    return repr(wanted.query) if wanted.query == wanted.key else f"{wanted.query!r} (output key {wanted.key!r})"


def _changed(wanted: _Wanted, before: tuple[Step, ...], now: tuple[Step, ...]) -> str:
    pairs = ((old, new) for old, new in zip(before, now, strict=False) if old != new)
    at = min(len(before), len(now)) - 1
    old, new = next(pairs, (before[at], now[at]))
    where = f" in {wanted.scope!r}" if wanted.scope else ""
    return (
        f"Make an extractor for each path of the input: {_described(wanted)} is another operation than in the first "
        f"forward pass. The first difference{where} is {_at(new)}, which was {_at(old)}."
    )


def _at(step: Step) -> str:
    what = repr(step.name) if step.name else "a call of the module"
    return f"{what} ({step.line})" if step.line else what
