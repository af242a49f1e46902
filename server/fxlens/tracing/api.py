"""The library's functions: node names, and feature extractors."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias, cast

from torch import nn

from fxlens.collector import collector_paused
from fxlens.graph import MODES, BackendChoice, Dialect, Mode
from fxlens.tracing.extract.assembly import assemble
from fxlens.tracing.extract.backends import (
    QueryError,
    answered_by_hooks,
    check_backend,
    hook_extractor,
    module_names,
    operation_names,
    record_extractor,
)
from fxlens.tracing.extract.extractor import Extractor
from fxlens.tracing.extract.pruning import Wanted
from fxlens.tracing.extract.selection import BadQuery, Selection, call_with, message, working_call
from fxlens.tracing.model_state.snapshot import tracing_lock
from fxlens.tracing.model_state.switching import is_training
from fxlens.tracing.record.dialect_settings import TraceSettings, trace_settings
from fxlens.tracing.record.failures import TracingError
from fxlens.tracing.record.modes import ModeTrace, check_concrete_args, trace_modes
from fxlens.tracing.record.naming import NamingError

ReturnNodes: TypeAlias = "Sequence[str] | Mapping[str, str]"
Leaves: TypeAlias = "Iterable[type[nn.Module]]"


class NodeNames(NamedTuple):
    """The node names of both modes, each in execution order."""

    train: list[str]
    """The names in train mode."""
    eval: list[str]
    """The names in eval mode."""


def get_graph_node_names(
    model: nn.Module,
    tracer_kwargs: Mapping[str, Any] | None = None,
    suppress_diff_warning: bool = False,
    concrete_args: Mapping[str, Any] | None = None,
    *,
    leaf_modules: Leaves = (),
    naming: Dialect = "fxlens",
    backend: BackendChoice = "fx",
    example_input: Any = None,
) -> list[str]:
    """The names of the nodes that can be extracted from ``model`` in its current mode, in execution order.

    torchvision's function of this name returns a pair of lists, for train and eval mode:
    :func:`get_graph_node_names_by_mode` does so here, and ``fxlens.torchvision`` has the function with that contract.

    Args:
        model: the model; it is left as it was.
        tracer_kwargs: keyword arguments for ``torch.fx.Tracer``, and ``leaf_modules``, as torchvision takes them.
            Never changed.
        suppress_diff_warning: do not warn when the other mode has other names.
        concrete_args: arguments of ``forward`` that are fixed while tracing, by name. Without it, optional arguments
            that are not tensors are left at their defaults where the model cannot be traced or run otherwise; with
            ``{}`` none are.
        leaf_modules: module classes that are traced as one node, besides the layers of ``torch.nn``.
        naming: ``"fxlens"``, or ``"torchvision"`` or ``"timm"`` for exactly the names that those give.
        backend: ``"fx"``, the nodes of the traced graph; ``"hooks"``, the paths of the modules, which need no tracing:
            in call order if a run on meta tensors succeeds, else as they are defined; ``"auto"``, the nodes if the
            model can be traced, else the modules; or ``"record"``, the modules and operations of one run, which are
            those of the path that its input takes.
        example_input: for names that come from a run, what ``forward`` is given: a tensor, its shape, or several of
            either, in a list by position or in a mapping by name. Without it, inputs that suit the model are tried.
            Only ``"record"`` runs the model itself on it, where shapes alone do not tell which path it takes.

    Raises:
        TracingError: if the model cannot be traced in its current mode; says which line, and what to do.
        ValueError: with ``backend="record"``, if no input suits the model.
        NamingError: with ``naming="torchvision"`` or ``"timm"``, where torchvision's own naming fails.
        TypeError: if an argument is of the wrong kind.

    Warns:
        UserWarning: if the other mode has other names, or cannot be traced.

    Example:
        >>> model = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
        >>> get_graph_node_names(model)
        ['input', '0', '1']

    See Also:
        :func:`get_graph_node_names_by_mode` for both modes at once.
    """
    settings = _settings(model, naming, leaf_modules, tracer_kwargs, concrete_args)
    check_backend(backend, naming)
    current: Mode = "train" if is_training(model) else "eval"
    if backend == "hooks":
        return module_names(model, current, example_input)
    if backend == "record":
        return operation_names(model, current, settings.leaf_modules, example_input)
    traces = trace_modes(model, settings, concrete_args)
    if backend == "auto" and naming == "fxlens" and traces[current].graph is None:
        return module_names(model, current, example_input)
    _raise_failure(traces[current])
    if not suppress_diff_warning:
        _warn_of_differences(traces, current)
    return traces[current].names


def get_graph_node_names_by_mode(
    model: nn.Module,
    tracer_kwargs: Mapping[str, Any] | None = None,
    suppress_diff_warning: bool = False,
    concrete_args: Mapping[str, Any] | None = None,
    *,
    leaf_modules: Leaves = (),
    naming: Dialect = "fxlens",
) -> NodeNames:
    """The names of the nodes of ``model`` in train and in eval mode; arguments as :func:`get_graph_node_names`.

    Raises:
        TracingError: if the model cannot be traced in one of the modes.
        NamingError: with ``naming="torchvision"`` or ``"timm"``, where torchvision's own naming fails.

    Example:
        >>> names = get_graph_node_names_by_mode(nn.Sequential(nn.Linear(2, 2)))
        >>> names.train == names.eval
        True
    """
    settings = _settings(model, naming, leaf_modules, tracer_kwargs, concrete_args)
    traces = trace_modes(model, settings, concrete_args)
    for trace in traces.values():
        _raise_failure(trace)
    if not suppress_diff_warning:
        _warn_of_differences(traces, "train" if is_training(model) else "eval", both_are_given=True)
    return NodeNames(traces["train"].names, traces["eval"].names)


def create_feature_extractor(
    model: nn.Module,
    return_nodes: ReturnNodes | None = None,
    train_return_nodes: ReturnNodes | None = None,
    eval_return_nodes: ReturnNodes | None = None,
    tracer_kwargs: Mapping[str, Any] | None = None,
    suppress_diff_warning: bool = False,
    concrete_args: Mapping[str, Any] | None = None,
    *,
    leaf_modules: Leaves = (),
    naming: Dialect = "fxlens",
    backend: BackendChoice = "auto",
) -> Extractor:
    """A module that returns intermediate values of ``model``, and computes nothing that they do not need.

    A query is taken literally. It may be a node name; or the path of a module, for what that module *returned* when
    it was first called, in whatever structure, as a forward hook would see it; or the path of a container that is not
    called itself, for the last node under it. Every query gets its own answer, whatever else is asked.

    What ``forward`` runs in ``torch.no_grad()``, ``enable_grad``, ``set_grad_enabled``, ``inference_mode``,
    ``autocast``, ``sdpa_kernel`` or the ``flags`` of cuDNN and oneDNN runs in them here too. Other context managers
    have no part in the graph, as with torch.fx.

    A model that torch.fx cannot trace is read by hooks on its modules, if every query is the path of a module (or
    ``path_N``, its call number N + 1): for those both ways give the same value, what the module returned.

    Args:
        model: the model; it is left as it was. The extractor shares its parameters and leaf modules.
        return_nodes: the queries: a list or tuple of them, or a mapping from queries to the keys of the output.
        train_return_nodes: the queries for train mode, instead of ``return_nodes``. Alone it makes an extractor for
            train mode only, and the model need not be traceable in eval mode.
        eval_return_nodes: the queries for eval mode; alone or with ``train_return_nodes``.
        tracer_kwargs: as for :func:`get_graph_node_names`, like the remaining arguments.
        backend: ``"fx"``, ``"hooks"``, or ``"auto"`` for the first if the model can be traced, else the second;
            ``"record"`` runs the model itself and names its operations as they run (:class:`RecordExtractor`), for
            operations of a model that cannot be traced. ``naming="torchvision"`` and ``"timm"`` have ``"fx"`` only.

    Returns:
        A module with the ``forward`` parameters of ``model``; its ``backend`` says how it takes values. It returns an
        ``OrderedDict`` of the user's keys, in the order of the request. ``train()`` and ``eval()`` switch between the
        two graphs.

    Raises:
        QueryError: a ``ValueError`` with all queries that select nothing: why each, and a call that works.
        TracingError: if the model cannot be traced in one of the modes.
        NamingError: with ``naming="torchvision"`` or ``"timm"``, where torchvision's own naming fails.
        TypeError: if return nodes are not a list, tuple or mapping of strings, or an argument is of the wrong kind.
        ValueError: if return nodes are missing or given twice, or two queries share an output key.

    Example:
        >>> model = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 3))
        >>> extractor = create_feature_extractor(model, {"1": "hidden", "0": "before"})
        >>> [(key, tuple(value.shape)) for key, value in extractor(torch.zeros(1, 2)).items()]
        [('hidden', (1, 4)), ('before', (1, 4))]
    """
    queries = _queries(return_nodes, train_return_nodes, eval_return_nodes)
    modes = [mode for mode in MODES if mode in queries]
    settings = _settings(model, naming, leaf_modules, tracer_kwargs, concrete_args)
    check_backend(backend, naming)
    if backend == "hooks":
        return hook_extractor(model, queries)
    if backend == "record":
        return record_extractor(model, queries, settings.leaf_modules)
    with tracing_lock, collector_paused():
        # Hooks serve most models that cannot be traced: nothing is tried for those.
        by_hooks = backend == "auto" and naming == "fxlens"
        traces = trace_modes(model, settings, concrete_args, modes, tries_remedies=not by_hooks)
        needed = [mode for mode in modes if queries[mode] or not any(queries.values())]
        untraced = next((traces[mode] for mode in needed if traces[mode].graph is None), None)
        if untraced is not None and by_hooks:
            return hook_extractor(model, queries, untraced.failure)
        for mode in needed:
            _raise_failure(traces[mode], {mode: list(queries[mode]) for mode in needed})
        queries = {mode: queries.get(mode, {}) for mode in MODES}
        traces, selection, bad = _selected(model, settings, concrete_args, traces, queries)
        if bad:
            options = _options(leaf_modules, tracer_kwargs, concrete_args, naming)
            call, merged = working_call(selection, bad, queries, options)
            if _needs_arguments(model, settings, traces, queries):
                call, merged = call_with(queries, {**options, "concrete_args": "{}"}), {}
            elif by_hooks and selection.finds_none(bad) and answered_by_hooks(model, queries):
                call, merged = call_with(queries, {"backend": "'hooks'"}), {}
            raise QueryError(message(bad, len({*queries["train"], *queries["eval"]}), model, call, merged))
        if not suppress_diff_warning and return_nodes is not None:
            _warn_of_differences(traces, "train" if is_training(model) else "eval")
        warn_of_unrecorded(traces, naming)
        wanted = {mode: _wanted(selection, mode, queries[mode]) for mode in MODES if traces[mode].graph is not None}
        extractor, changes = assemble(model, traces, wanted, concrete_args or {})
    for text in dict.fromkeys(change.text for change in changes):
        warnings.warn(text, stacklevel=2)
    return extractor


def _selected(
    model: nn.Module,
    settings: TraceSettings,
    concrete_args: Mapping[str, Any] | None,
    traces: dict[Mode, ModeTrace],
    queries: Mapping[Mode, Mapping[str, str]],
) -> tuple[dict[Mode, ModeTrace], Selection, list[BadQuery]]:
    """The traces that ``queries`` are answered from, and the queries that select nothing in them.

    What is inside a custom ``torch.autograd.Function`` has nodes only where a query selects one of them.
    """
    selection = Selection(model, traces)
    bad = selection.check(queries)
    if bad and any(trace.tracer.functions for trace in traces.values()):
        modes = [mode for mode in MODES if traces[mode].graph is not None]
        through = {**traces, **trace_modes(model, replace(settings, traces_through=True), concrete_args, modes)}
        if all(through[mode].graph is not None for mode in modes):
            inner = Selection(model, through)
            rest = inner.check(queries)
            if len(rest) < len(bad):
                return through, inner, rest
    return traces, selection, bad


def _needs_arguments(
    model: nn.Module,
    settings: TraceSettings,
    traces: Mapping[Mode, ModeTrace],
    queries: Mapping[Mode, Mapping[str, str]],
) -> bool:
    """Whether ``queries`` select what is there only if no argument is left at its default."""
    modes = [mode for mode in MODES if traces[mode].graph is not None]
    if not any(traces[mode].tracer.left_out for mode in modes):
        return False
    others = {**traces, **trace_modes(model, settings, {}, modes, tries_remedies=False)}
    return all(others[mode].graph is not None for mode in modes) and not Selection(model, others).check(queries)


def _wanted(selection: Selection, mode: Mode, queries: Mapping[str, str]) -> dict[str, Wanted]:
    nodes = {key: selection.names[mode].find(query) for query, key in queries.items()}
    return {key: want for key, want in nodes.items() if want is not None}


def _settings(
    model: nn.Module,
    naming: Dialect,
    leaf_modules: Leaves,
    tracer_kwargs: Mapping[str, Any] | None,
    concrete_args: Mapping[str, Any] | None,
) -> TraceSettings:
    if not isinstance(cast(object, model), nn.Module):
        kind = f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__
        raise TypeError(f"model must be an instance of torch.nn.Module, not {kind}")
    check_concrete_args(model, concrete_args)
    return trace_settings(naming, leaf_modules, tracer_kwargs)


def _queries(
    both: ReturnNodes | None, train: ReturnNodes | None, evaluation: ReturnNodes | None
) -> dict[Mode, dict[str, str]]:
    if both is not None and (train is not None or evaluation is not None):
        raise ValueError("give either return_nodes, or train_return_nodes and eval_return_nodes, not both")
    if both is not None:
        return {mode: _mapping("return_nodes", both) for mode in MODES}
    by_mode: dict[Mode, ReturnNodes | None] = {"train": train, "eval": evaluation}
    queries = {mode: _mapping(f"{mode}_return_nodes", nodes) for mode, nodes in by_mode.items() if nodes is not None}
    if not queries:
        raise ValueError("give return_nodes, or train_return_nodes or eval_return_nodes")
    return queries


def _mapping(what: str, nodes: ReturnNodes) -> dict[str, str]:
    """The queries and their keys. Whole numbers are taken for their text: they name the parts of a Sequential."""
    if isinstance(nodes, Mapping):
        pairs = list(nodes.items())
    elif isinstance(nodes, (list, tuple)):
        pairs = [(node, node) for node in nodes]
    else:
        hint = f" (write [{nodes!r}])" if isinstance(nodes, str) else ""
        kind = type(nodes).__name__
        raise TypeError(f"{what} must be a list, a tuple or a mapping of node names, not {kind}{hint}")
    result: dict[str, str] = {}
    taken: dict[str, str] = {}
    for node, key in cast("list[tuple[object, object]]", pairs):
        if not isinstance(node, (str, int)) or isinstance(node, bool):
            raise TypeError(f"{what}: node names are strings, not {type(node).__name__} ({node!r})")
        query, text = str(node), str(key)
        if taken.setdefault(text, query) != query:
            raise ValueError(
                f"{what}: {taken[text]!r} and {query!r} both have the output key {text!r}; one would be lost"
            )
        result[query] = text
    return result


def _options(
    leaf_modules: Leaves,
    tracer_kwargs: Mapping[str, Any] | None,
    concrete_args: Mapping[str, Any] | None,
    naming: Dialect,
) -> dict[str, str]:
    """The caller's other arguments, as they stand in a call."""
    options = {}
    if tracer_kwargs:
        options["tracer_kwargs"] = "tracer_kwargs"
    if concrete_args is not None:
        options["concrete_args"] = repr(dict(concrete_args))
    if not isinstance(leaf_modules, tuple) or leaf_modules:
        options["leaf_modules"] = "leaf_modules"
    if naming != "fxlens":
        options["naming"] = repr(naming)
    return options


def _raise_failure(trace: ModeTrace, queries: Mapping[Mode, Sequence[str]] | None = None) -> None:
    if trace.failure is None:
        return
    if trace.failure.kind == "naming":
        error = trace.error
        name, earlier = (error.name, error.earlier) if isinstance(error, NamingError) else ("", None)
        raise NamingError(name, earlier, f"{trace.failure.message}. {trace.failure.remedy}") from error
    raise TracingError(trace.failure, queries) from trace.error


def _warn_of_differences(traces: Mapping[Mode, ModeTrace], current: Mode, *, both_are_given: bool = False) -> None:
    other: Mode = "eval" if current == "train" else "train"
    failure = traces[other].failure
    if failure is not None:
        warnings.warn(f"In {other} mode the model cannot be traced: {failure.message}", stacklevel=3)
        return
    ours, theirs = traces[current].names, traces[other].names
    if ours == theirs:
        return
    advice = "create_feature_extractor takes train_return_nodes and eval_return_nodes where a name is one mode's only."
    if not both_are_given:
        advice = f"get_graph_node_names_by_mode gives both lists; {advice}"
    if is_subsequence(theirs, ours):
        how = f"the nodes of {other} mode are a subsequence of those of {current} mode"
    elif is_subsequence(ours, theirs):
        how = f"the nodes of {current} mode are a subsequence of those of {other} mode"
    else:
        how = f"the nodes of {current} mode and of {other} mode are different"
    warnings.warn(f"{how[0].upper()}{how[1:]}. {advice}", stacklevel=3)


def warn_of_unrecorded(traces: Mapping[Mode, ModeTrace], naming: Dialect) -> None:
    changed = dict.fromkeys(path for trace in traces.values() for path in trace.unrecorded)
    if changed:
        what = ", ".join(map(repr, changed))
        advice = "Only buffers are recorded, if tracing does not need their values"
        if naming != "fxlens":
            advice = 'Most buffers are recorded with naming="fxlens"'
        warnings.warn(
            f"forward changes {what} by itself, which torch.fx does not record: the extractor takes what is there when "
            f"it runs, and does not change it. {advice}.",
            stacklevel=3,
        )


def is_subsequence(part: Sequence[str], whole: Sequence[str]) -> bool:
    """Whether ``part`` is ``whole`` without some of its items."""
    rest = iter(whole)
    return all(name in rest for name in part)
