"""Traces a model in both modes, and describes what came of it as a :class:`~fxlens.graph.ModelGraph`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, cast

from torch import fx, nn

from fxlens.graph import (
    MODES,
    UNTRACED,
    BackendChoice,
    CallSite,
    Dialect,
    GraphNode,
    Mode,
    ModeGraph,
    ModelGraph,
    NodeOp,
    Value,
)
from fxlens.tracing.describe.module_tree import class_name, describe_aliases, describe_modules
from fxlens.tracing.describe.outputs import describe_outputs
from fxlens.tracing.describe.overwrites import Memory
from fxlens.tracing.describe.run_graph import ModuleRuns, run_modules
from fxlens.tracing.describe.shapes import Found, StatedInput, find_values, shape_of_weights
from fxlens.tracing.describe.shared_graphs import first_of_graph, has_dropouts
from fxlens.tracing.describe.windows import window_of
from fxlens.tracing.record.changes import lost_checkpoint
from fxlens.tracing.record.checkpoints import VALUE_INSIDE, inner_nodes
from fxlens.tracing.record.dialect_settings import trace_settings
from fxlens.tracing.record.inplace import apply_in_place
from fxlens.tracing.record.modes import ModeTrace, check_concrete_args, trace_modes
from fxlens.tracing.record.recorded_calls import function_of
from fxlens.tracing.record.tracer import NodePathTracer


def trace_model(
    model: nn.Module,
    *,
    dialect: Dialect | None = None,
    tracer_kwargs: Mapping[str, Any] | None = None,
    concrete_args: Mapping[str, Any] | None = None,
    leaf_modules: Iterable[type[nn.Module]] = (),
    example_input: Any = None,
    naming: Dialect | None = None,
    shapes: bool = True,
    backend: BackendChoice | None = None,
) -> ModelGraph:
    """Everything the tools need to know of ``model``: its named nodes in both modes, its modules, and what failed.

    Args:
        model: the model; it is left as it was.
        dialect: whose names to give: ``"fxlens"`` (the default), ``"torchvision"`` or ``"timm"``. ``naming`` is
            another word for it.
        tracer_kwargs: keyword arguments for ``torch.fx.Tracer``, and ``leaf_modules``, as torchvision takes them.
        concrete_args: arguments of ``forward`` that are fixed while tracing, by name.
        leaf_modules: module classes that are traced as one node, besides the dialect's own.
        example_input: what ``forward`` is given to find the shapes: a tensor, its shape, or several of either, by
            position or by name; or the weights the model was built with, such as ``ResNet50_Weights.DEFAULT``, for the
            size of their images (a model does not remember them). Without it, inputs that suit the model are tried.
        shapes: whether to find shapes at all.
        backend: as for :func:`fxlens.create_feature_extractor`: nothing is traced with ``"hooks"`` and ``"record"``,
            and all that is known, the modules and with ``"record"`` the operations of a run, is in ``runs``.

    Returns:
        The graph. A mode that cannot be traced is ``None`` and has a failure, and ``runs`` has its module calls;
        nothing is raised for what the model's own code does.

    Raises:
        TypeError: if ``model`` is not a module, or an argument is of the wrong kind.

    Example:
        >>> trace_model(nn.Sequential(nn.Linear(2, 4), nn.ReLU())).eval.names
        ('input', '0', '1')
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"a torch.nn.Module is needed, not {_kind(model)}")
    check_concrete_args(model, concrete_args)
    settings = trace_settings(dialect or naming or "fxlens", leaf_modules, tracer_kwargs)
    traces = trace_modes(model, settings, concrete_args, MODES if backend not in UNTRACED else ())
    stated = [] if example_input is None else [StatedInput(example_input, "the argument example_input")]
    guess = example_input is None or shape_of_weights(example_input) is not None
    values = find_values(model, traces, stated, guess=guess) if shapes else Found({})
    by_hooks = needs_runs(traces, settings.naming)
    recorded = settings.leaf_modules if backend == "record" else None
    runs = ModuleRuns({}) if by_hooks else None
    if by_hooks and shapes:
        runs = run_modules(model, stated, guess=guess, recorded_leaves=recorded)
    return describe(model, settings.tracer(), traces, values, runs, backend)


def needs_runs(traces: Mapping[Mode, ModeTrace], naming: Dialect) -> bool:
    """Whether hooks may have to read the model: under our own rule for one untraced mode, else for both."""
    untraced = [trace.graph is None for trace in traces.values()]
    return any(untraced) if naming == "fxlens" else all(untraced)


def describe(
    model: nn.Module,
    tracer: NodePathTracer,
    traces: Mapping[Mode, ModeTrace],
    values_found: Found,
    runs: ModuleRuns | None = None,
    backend: BackendChoice | None = None,
) -> ModelGraph:
    """The plain data of ``traces``, and of ``values_found``, the values of their nodes, as far as they are known.

    ``tracer`` is one with the settings of the traces: it says which modules are leaves. ``runs`` are the module calls
    of a model that hooks may have to read; ``backend`` is what the call says of it.
    """
    calls = {mode: trace.tracer.module_calls for mode, trace in traces.items() if trace.graph is not None}
    if runs is not None:
        calls = {**runs.calls(), **calls}
    failures = [trace.failure for trace in traces.values() if trace.failure is not None]
    graphs = _describe_modes(model, traces, values_found)
    return ModelGraph(
        class_name(model),
        tracer.naming,
        graphs.get("train"),
        graphs.get("eval"),
        describe_modules(model, tracer, calls),
        tuple(failures),
        describe_aliases(model, calls),
        values_found.reason or (runs.reason if runs is not None else ""),
        runs.graphs(model) if runs is not None else (),
        backend,
    )


def with_values(described: ModelGraph, traces: Mapping[Mode, ModeTrace], values_found: Found) -> ModelGraph:
    """What :func:`describe` yields with ``values_found``, from what it yielded without; no module calls in it."""
    done: dict[tuple[int, int], tuple[GraphNode, ...]] = {}

    def filled(graph: ModeGraph | None) -> ModeGraph | None:
        if graph is None or not (values := values_found.values.get(graph.mode)):
            return graph
        key = id(graph.nodes), id(values)
        if key not in done:
            names = traces[graph.mode].tracer.node_to_qualname
            done[key] = _filled(graph.nodes, names, values, values_found.flops.get(graph.mode, {}))
        return replace(graph, nodes=done[key])

    return replace(
        described, train=filled(described.train), eval=filled(described.eval), input_reason=values_found.reason
    )


def _filled(
    nodes: Iterable[GraphNode], names: Iterable[fx.Node], values: Mapping[fx.Node, Value], flops: Mapping[fx.Node, int]
) -> tuple[GraphNode, ...]:
    return tuple(
        replace(
            node, value=values.get(key), windows=node.windows or window_of(key, {}, values), flops=flops.get(key, 0)
        )
        for node, key in zip(nodes, names, strict=True)
    )


def _describe_modes(
    model: nn.Module, traces: Mapping[Mode, ModeTrace], values_found: Found
) -> dict[Mode, ModeGraph | None]:
    """The plain data of each mode's trace; ``None`` of one that failed.

    Where one trace serves both modes, what is the same is made once: with 10 000 nodes that takes as long as tracing.
    """
    modules = dict(model.named_modules(remove_duplicate=False))
    firsts = first_of_graph(traces)
    graphs: dict[Mode, ModeGraph | None] = {}
    for mode, trace in traces.items():
        if trace.graph is None:
            graphs[mode] = None
            continue
        twin = graphs.get(firsts[mode])
        if twin is None:
            graphs[mode] = _describe_mode(modules, trace, values_found)
        elif has_dropouts(trace.graph, modules) or not values_found.alike(mode, twin.mode):
            graphs[mode] = replace(twin, mode=mode, nodes=_nodes(modules, trace, values_found))
        else:
            graphs[mode] = replace(twin, mode=mode)
    return graphs


def _nodes(modules: Mapping[str, nn.Module], trace: ModeTrace, values_found: Found) -> tuple[GraphNode, ...]:
    assert trace.graph is not None
    values = values_found.values.get(trace.mode, {})
    flops = values_found.flops.get(trace.mode, {})
    names, origins = trace.tracer.node_to_qualname, trace.tracer.node_to_origin
    nodes = []
    memory = Memory(trace.graph, names, modules, trace.tracer.naming, trace.mode)
    for node, name in names.items():
        target = _target_name(node, trace.tracer.naming)
        module_class = class_name(modules[target]) if node.op == "call_module" and target in modules else None
        scope, source, span = origins[node]
        nodes.append(
            GraphNode(
                name,
                cast(NodeOp, node.op),
                target,
                scope,
                module_class,
                source,
                values.get(node),
                memory.inputs(node),
                memory.writes(node),
                memory.is_kept(node),
                span,
                window_of(node, modules, values),
                flops.get(node, 0),
            )
        )
    return tuple(nodes)


def _describe_mode(modules: Mapping[str, nn.Module], trace: ModeTrace, values_found: Found) -> ModeGraph:
    assert trace.graph is not None
    names = trace.tracer.node_to_qualname
    returned: dict[str, list[str | None]] = {}
    sites: dict[CallSite, None] = {}
    for call in trace.tracer.module_calls:
        name_of_call = names.get(call.returned) if isinstance(call.returned, fx.Node) else None
        returned.setdefault(call.path, []).append(name_of_call)
        if call.site.source is not None:
            sites[CallSite(call.path, call.site.source, call.site.span)] = None
    described = {path: tuple(results) for path, results in returned.items()}
    positions = {node: at for at, node in enumerate(names)}
    changes = tuple(change.described(positions) for change in trace.changes)
    if trace.tracer.checkpoints and trace.tracer.naming == "fxlens":
        inner = lost_checkpoint(None, tuple(inner_nodes(trace.graph)), "fxlens", VALUE_INSIDE).described(positions)
        changes = (*changes, replace(inner, inside=True))
    nodes, left_out = _nodes(modules, trace, values_found), tuple(sorted(trace.tracer.left_out))
    outputs = describe_outputs(trace.graph, names)
    return ModeGraph(trace.mode, nodes, described, outputs, changes, trace.inner, left_out=left_out, sites=tuple(sites))


def _target_name(node: fx.Node, naming: Dialect) -> str:
    if isinstance(node.target, str):
        return node.target
    if node.target is apply_in_place:
        # In torchvision's graph `y += 1` is an addition that leaves the old tensor as it was.
        name = str(node.args[1])
        return f"operator.{name if naming == 'fxlens' else name.removeprefix('i')}"
    return function_name(node.target)


def function_name(function: Any) -> str:
    """The dotted name under which a program would call ``function``: ``torch.flatten``, ``operator.add``."""
    applied = function_of(function)
    if applied is not None:
        return f"{applied.__module__}.{applied.__qualname__}"
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", None) or repr(function)
    module = getattr(function, "__module__", None) or "torch"
    # Built-in functions say where they are implemented, which is not where anybody finds them.
    return f"{_PUBLIC_MODULES.get(module, module)}.{name.rpartition('.')[2] if module == 'torch' else name}"


_PUBLIC_MODULES = {"_operator": "operator", "torch._C._nn": "torch.nn.functional"}


def _kind(value: Any) -> str:
    return f"the class {value.__name__}: create an instance" if isinstance(value, type) else type(value).__name__
