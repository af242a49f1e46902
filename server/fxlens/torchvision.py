"""``torchvision.models.feature_extraction`` by FX Lens: change the import line, and nothing else.

The functions and classes have torchvision's names, parameters, results and errors, and node names are those that the
installed torchvision gives. What differs is what torchvision gets wrong; docs/coming-from-torchvision.md lists it.

Example:
    >>> import torch
    >>> from fxlens.torchvision import create_feature_extractor, get_graph_node_names
    >>> model = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.ReLU())
    >>> train_nodes, eval_nodes = get_graph_node_names(model)
    >>> train_nodes
    ['input', '0', '1']
    >>> create_feature_extractor(model, {"1": "hidden"})(torch.zeros(1, 2))["hidden"].shape
    torch.Size([1, 4])
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, cast

from torch import fx, nn

from fxlens import tracing
from fxlens.collector import collector_paused
from fxlens.graph import MODES, Mode
from fxlens.tracing.api import is_subsequence, warn_of_unrecorded
from fxlens.tracing.extract.assembly import assemble
from fxlens.tracing.extract.extractor import FeatureExtractor, adopt
from fxlens.tracing.extract.pruning import Wanted
from fxlens.tracing.record.dialect_settings import trace_settings
from fxlens.tracing.record.modes import ModeTrace, trace_modes
from fxlens.tracing.record.structures import lookup

__all__ = ["create_feature_extractor", "get_graph_node_names"]


class LeafModuleAwareTracer(fx.Tracer):
    """A ``torch.fx.Tracer`` with further leaf modules.

    Args:
        leaf_modules: module classes that become one node each; the other arguments go to ``torch.fx.Tracer``.
    """

    def __init__(self, *args: Any, leaf_modules: Iterable[type[nn.Module]] = (), **kwargs: Any) -> None:
        self.leaf_modules: Any = leaf_modules
        super().__init__(*args, **kwargs)

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, tuple(self.leaf_modules)) or super().is_leaf_module(m, module_qualified_name)


class NodePathTracer(tracing.NodePathTracer, LeafModuleAwareTracer):
    """A tracer that gives nodes torchvision's names, in :attr:`node_to_qualname`; in linear time.

    Args:
        leaf_modules: module classes that become one node each; the other arguments go to ``torch.fx.Tracer``.
    """

    def __init__(self, *args: Any, leaf_modules: Iterable[type[nn.Module]] = (), **kwargs: Any) -> None:
        names = ("autowrap_modules", "autowrap_functions", "param_shapes_constant")
        options = {**dict(zip(names, args, strict=False)), **kwargs}
        options.pop("param_shapes_constant", None)  # torchvision's tracer does not pass it on
        super().__init__(leaf_modules, naming="torchvision", **options)


class DualGraphModule(FeatureExtractor):
    """A ``GraphModule`` with a graph for train mode and one for eval mode; ``train`` and ``eval`` choose.

    Args:
        root: the module that the graphs' modules and tensors are taken from.
        train_graph: the graph of train mode.
        eval_graph: the graph of eval mode.
        class_name: the name of its class.

    Raises:
        TypeError: if a node's target is not a string, or the graphs were made by tracers of two classes.
    """

    def __init__(
        self, root: nn.Module, train_graph: fx.Graph, eval_graph: fx.Graph, class_name: str = "GraphModule"
    ) -> None:
        super().__init__(class_name, train_graph, eval_graph)
        paths = []
        for node in (*train_graph.nodes, *eval_graph.nodes):
            if node.op in ("get_attr", "call_module"):
                if not isinstance(node.target, str):
                    raise TypeError(f"node.target should be of type str instead of {type(node.target)}")
                paths.append(node.target)
        classes = [getattr(graph, "_tracer_cls", None) for graph in (train_graph, eval_graph)]
        if classes[0] != classes[1]:
            raise TypeError(
                f"Train mode and eval mode should use the same tracer class. "
                f"Instead got {classes[1]} for eval vs {classes[0]} for train"
            )
        modules = dict(root.named_modules(remove_duplicate=False))
        values = {path: lookup(root, path) for path in dict.fromkeys(paths) if path not in modules}
        adopt(self, {"train": train_graph, "eval": eval_graph}, modules, values)


def get_graph_node_names(
    model: nn.Module,
    tracer_kwargs: dict[str, Any] | None = None,
    suppress_diff_warning: bool = False,
    concrete_args: dict[str, Any] | None = None,
) -> tuple[list[str], list[str]]:
    """The node names of ``model`` in train mode, and those in eval mode, each in execution order.

    Args:
        model: the model; it is left as it was, also if it cannot be traced.
        tracer_kwargs: for :class:`NodePathTracer`; torchvision's defaults are added, and the dictionary is not changed.
        suppress_diff_warning: do not warn where the modes differ.
        concrete_args: arguments of ``forward`` that are fixed while tracing, by name.

    Raises:
        torch.fx.proxy.TraceError: or whatever else tracing raises, as with torchvision.
    """
    traces = _traces(model, tracer_kwargs, concrete_args)
    if not suppress_diff_warning:
        _warn_of_differences(traces)
    return traces["train"].names, traces["eval"].names


def create_feature_extractor(
    model: nn.Module,
    return_nodes: list[str] | dict[str, str] | None = None,
    train_return_nodes: list[str] | dict[str, str] | None = None,
    eval_return_nodes: list[str] | dict[str, str] | None = None,
    tracer_kwargs: dict[str, Any] | None = None,
    suppress_diff_warning: bool = False,
    concrete_args: dict[str, Any] | None = None,
) -> fx.GraphModule:
    """A ``GraphModule`` that returns a dictionary of intermediate values of ``model``, under the user's keys.

    A query is a node name, or the beginning of some up to a dot, which selects the last node that is executed there.

    Args:
        model: the model; it is left as it was, also if it cannot be traced.
        return_nodes: the queries: a list of them, or a dictionary from queries to output keys.
        train_return_nodes: the queries for train mode, instead of ``return_nodes``; needs ``eval_return_nodes``.
        eval_return_nodes: the queries for eval mode.
        tracer_kwargs: for :class:`NodePathTracer`; torchvision's defaults are added, and the dictionary is not changed.
        suppress_diff_warning: do not warn where the modes differ.
        concrete_args: arguments of ``forward`` that are fixed while tracing, by name.

    Raises:
        ValueError: if return nodes are missing or given twice, if a query selects nothing, or a name occurs twice.
        torch.fx.proxy.TraceError: or whatever else tracing raises, as with torchvision.
    """
    queries = _queries(return_nodes, train_return_nodes, eval_return_nodes)
    with collector_paused():
        traces = _traces(model, tracer_kwargs, concrete_args)
        wanted = {mode: _wanted(traces[mode], queries[mode]) for mode in MODES}
        patterns = [query for mode in MODES for query in queries[mode] if query not in _last_under(traces[mode])]
        if not suppress_diff_warning:
            _warn_of_differences(traces)
        warn_of_unrecorded(traces, "torchvision")
        extractor, changes = assemble(
            model, traces, wanted, concrete_args or {}, kind=DualGraphModule, plain_output=True
        )
    for query in dict.fromkeys(patterns):
        text = (
            f"{query!r} is not a node name: it matches some as a pattern only, and torchvision gives no output for it"
        )
        warnings.warn(text, stacklevel=2)
    for text in dict.fromkeys(change.text for change in changes):
        warnings.warn(text, stacklevel=2)
    return extractor


def _traces(
    model: nn.Module, tracer_kwargs: Mapping[str, Any] | None, concrete_args: Mapping[str, Any] | None
) -> dict[Mode, ModeTrace]:
    """The traces of both modes; what tracing raises is raised as it is, with our explanation as a note."""
    _ = model.training  # torchvision asks first, and what is not a model raises there
    traces = trace_modes(model, trace_settings("torchvision", (), tracer_kwargs), concrete_args)
    for trace in traces.values():
        if trace.graph is None and trace.error is not None:
            error = trace.error
            if trace.failure is not None and hasattr(error, "add_note"):  # from Python 3.11 on
                error.add_note(f"FX Lens: {trace.failure.message}. {trace.failure.remedy}".rstrip())
            raise error
    return traces


def _queries(both: Any, train: Any, evaluation: Any) -> dict[Mode, dict[str, str]]:
    # The words are torchvision's: programs may look for them.
    if both is None and train is None and evaluation is None:
        raise ValueError(
            "Either `return_nodes` or `train_return_nodes` and `eval_return_nodes` together, should be specified"
        )
    if (train is None) != (evaluation is None) or (both is None) == (train is None):
        raise ValueError(
            "If any of `train_return_nodes` and `eval_return_nodes` are specified, then both should be specified"
            if (train is None) != (evaluation is None)
            else "If `train_return_nodes` and `eval_return_nodes` are specified, then both should be specified"
        )
    return {
        "train": _strings(both if train is None else train),
        "eval": _strings(both if evaluation is None else evaluation),
    }


def _strings(nodes: Any) -> dict[str, str]:
    if isinstance(nodes, (list, tuple)):
        return {str(node): str(node) for node in nodes}
    return {str(query): str(key) for query, key in cast("Mapping[Any, Any]", nodes).items()}


def _wanted(trace: ModeTrace, queries: Mapping[str, str]) -> dict[str, Wanted]:
    """What ``queries`` select, by output key, in the order of execution.

    Raises:
        ValueError: if a name occurs twice, or a query selects nothing.
    """
    names = trace.tracer.node_to_qualname
    if len(set(names.values())) != len(names):
        raise ValueError("There are duplicate nodes! Please raise an issue https://github.com/pytorch/vision/issues")
    last = _last_under(trace)
    for query in queries:
        if query not in last:
            _check_pattern(query, names.values())
    position = {node: at for at, node in enumerate(names)}
    keys_by_position = [(position[last[query]], key) for query, key in queries.items() if query in last]
    # Of two queries with one key the value that is made first is returned, as by torchvision.
    nodes = list(names)
    made = {key: at for at, key in sorted(keys_by_position, key=lambda pair: -pair[0])}
    return {key: Wanted(nodes[at], nodes[at]) for key, at in sorted(made.items(), key=lambda pair: pair[1])}


def _last_under(trace: ModeTrace) -> dict[str, fx.Node]:
    """The last node that is executed under each name, and under each beginning of one up to a dot."""
    last: dict[str, fx.Node] = {}
    for node, name in trace.tracer.node_to_qualname.items():
        parts = name.split(".")
        last.update({".".join(parts[:length]): node for length in range(1, len(parts) + 1)})
    return last


def _check_pattern(query: str, names: Iterable[str]) -> None:
    """torchvision checks a query as a pattern, and then looks for it literally: it may be accepted and never found."""
    pattern = re.compile(rf"^{query}(\.|$)")
    if not any(pattern.match(name) for name in names):
        raise ValueError(
            f"node: '{query}' is not present in model. Hint: use "
            "`get_graph_node_names` to make sure the "
            "`return_nodes` you specified are present. It may even "
            "be that you need to specify `train_return_nodes` and "
            "`eval_return_nodes` separately."
        )


def _warn_of_differences(traces: Mapping[Mode, ModeTrace]) -> None:
    train, evaluation = traces["train"].names, traces["eval"].names
    if train == evaluation:
        return
    tracing_them = "The nodes obtained by tracing the model in"
    if is_subsequence(evaluation, train):
        how = f"NOTE: {tracing_them} eval mode are a subsequence of those obtained in train mode. "
    elif is_subsequence(train, evaluation):
        how = f"NOTE: {tracing_them} train mode are a subsequence of those obtained in eval mode. "
    else:
        how = f"{tracing_them} train mode are different to those obtained in eval mode. "
    advice = "When choosing nodes for feature extraction, you may need to specify output nodes for train and eval mode "
    warnings.warn(f"{how}{advice}separately.", stacklevel=3)
