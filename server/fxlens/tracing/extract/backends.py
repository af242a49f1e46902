"""Which backend answers a call: the traced graph, or hooks on modules where torch.fx cannot trace the model."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from torch import nn

from fxlens.graph import MODES, UNTRACED, BackendChoice, Dialect, Failure, Mode
from fxlens.module_paths import nearest_modules
from fxlens.tracing.describe.module_queries import can_be_called, module_query, scripted_module, takes_hooks
from fxlens.tracing.describe.module_run import ModuleRun, run_on_meta
from fxlens.tracing.extract.hooks import HookExtractor
from fxlens.tracing.extract.record_extractor import RecordExtractor, recorded_names, unknown_operation


class QueryError(ValueError):
    """Return nodes that the model does not have: all of them, each with the reason, and a call that works.

    Attributes:
        failure: why the model cannot be traced, if that is the reason.
    """

    failure: Failure | None = None


def check_backend(backend: str, naming: Dialect) -> None:
    """Check the argument ``backend`` beside ``naming``.

    Raises:
        ValueError: if there is no such backend, or it cannot give the names of ``naming``.
    """
    if backend not in get_args(BackendChoice):
        raise ValueError(f"backend must be 'auto', 'fx', 'hooks' or 'record', not {backend!r}")
    if backend in UNTRACED and naming != "fxlens":
        reads = "reads modules by their paths" if backend == "hooks" else "names what runs"
        raise ValueError(f"backend={backend!r} {reads}: it has no names of naming={naming!r}")


def hook_extractor(
    model: nn.Module, queries: Mapping[Mode, Mapping[str, str]], failure: Failure | None = None
) -> HookExtractor:
    """An extractor that reads modules by hooks; ``failure`` says why there is no graph, where one was tried.

    A mode without queries gives an empty output.

    Raises:
        QueryError: if a query is not the path of a module.
    """
    wanted = dict.fromkeys(query for keys in queries.values() for query in keys)
    wrong = [query for query in wanted if module_query(model, query) is None]
    if wrong:
        error = QueryError(_not_modules(model, wrong, failure))
        error.failure = failure
        raise error
    return HookExtractor(model, {mode: queries.get(mode, {}) for mode in MODES})


def record_extractor(
    model: nn.Module, queries: Mapping[Mode, Mapping[str, str]], leaf_modules: Iterable[type[nn.Module]]
) -> RecordExtractor:
    """An extractor that names operations while they run; a mode without queries gives an empty output.

    Raises:
        QueryError: if a query is neither a module nor may be the name of an operation in one.
    """
    leaves = tuple(leaf_modules)
    reasons: dict[str, None] = {}
    paths = _paths(model)
    for query in dict.fromkeys(query for keys in queries.values() for query in keys):
        reason = _hidden(model, query) or unknown_operation(model, query, leaves)
        if reason is not None:
            reasons[reason or _not_a_module(query, paths, type(model).__qualname__, " nor in one")] = None
    if reasons:
        raise QueryError(" ".join(reasons))
    return RecordExtractor(model, {mode: queries.get(mode, {}) for mode in MODES}, leaves)


def operation_names(
    model: nn.Module, mode: Mode, leaf_modules: Iterable[type[nn.Module]], example_input: Any = None
) -> list[str]:
    """What :func:`recorded_names` gives; warns where values decide what runs."""
    names, is_certain = recorded_names(model, mode, leaf_modules, example_input)
    if not is_certain:
        warnings.warn(
            f"Pass tensors with values as example_input=: conditions on values decide what {type(model).__qualname__} "
            "computes. These names are those of the branch on which it calls more modules.",
            stacklevel=3,
        )
    return names


def module_names(model: nn.Module, mode: Mode, example_input: Any = None) -> list[str]:
    """The paths of the modules that can be read by hooks: in call order, if a run on meta tensors shows it.

    The run is on ``example_input``, else on a guessed input.

    A module that is called again is listed again, with the number of that call (``relu``, ``relu_1``). Where no input
    can be found that suits the model, the modules stand in the order in which they are defined; so do, after the
    others, those that were not called where a value decides what is.
    """
    run = run_on_meta(model, mode, example_input)
    named = [] if run is None else _names(model, run)
    if run is None or run.conditions is not None:
        called = {call.path for call in run.calls} if run else set()
        named += [path for path, each in model.named_modules() if path and path not in called and can_be_called(each)]
    return named


def _names(model: nn.Module, run: ModuleRun) -> list[str]:
    named = ((f"{call.path}_{call.number}" if call.number else call.path, call) for call in run.calls)
    # A later call whose name is the path of another module cannot be selected.
    return [name for name, call in named if module_query(model, name) == (call.path, call.number)]


def answered_by_hooks(model: nn.Module, queries: Mapping[Mode, Mapping[str, str]]) -> bool:
    """Whether a run of ``model`` on meta tensors shows a call of every module that is requested of it.

    Tracing may miss some: those inside a leaf module, in a branch that a traced value does not take, in an ``except``.
    """
    if any(module_query(model, query) is None for keys in queries.values() for query in keys):
        return False
    runs = ((run_on_meta(model, mode), keys) for mode, keys in queries.items() if keys)
    return all(run is not None and keys.keys() <= {*_names(model, run)} for run, keys in runs)


def _not_modules(model: nn.Module, wrong: list[str], failure: Failure | None) -> str:
    name = type(model).__qualname__
    paths = _paths(model)
    why = ""
    if failure is not None:
        why = f"{name} cannot be traced, so its operations have no names ({failure.message}). "
    return why + " ".join(_hidden(model, query) or _not_a_module(query, paths, name) for query in wrong)


def _paths(model: nn.Module) -> list[str]:
    return [path for path, module in model.named_modules(remove_duplicate=False) if path and takes_hooks(module)]


def _hidden(model: nn.Module, query: str) -> str | None:
    path = scripted_module(model, query)
    if path is None:
        return None
    what = repr(path) if path else "the model"
    return f"Build the extractor before {what} is scripted: TorchScript takes no hooks, so {query!r} cannot be read."


def _not_a_module(query: str, paths: list[str], name: str, more: str = "") -> str:
    near, there_is = nearest_modules(query, paths)
    if near:
        return f"{query!r} is not a module of {name}{more}; did you mean {' or '.join(map(repr, near))}?"
    return f"{query!r} is not a module of {name}{more}{there_is}."
