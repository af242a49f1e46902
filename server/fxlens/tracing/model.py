"""Traces a model in both modes, and describes what came of it as a :class:`~fxlens.graph.ModelGraph`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from torch import fx, nn

from fxlens.graph import MODES, Dialect, Failure, GraphNode, Mode, ModeGraph, ModelGraph, NodeOp
from fxlens.tracing.failures import explain, naming_remedy
from fxlens.tracing.modules import class_name, describe_modules
from fxlens.tracing.naming import TorchvisionNaming
from fxlens.tracing.preserve import preserved
from fxlens.tracing.settings import TraceSettings, trace_settings
from fxlens.tracing.tracer import NodePathTracer


@dataclass
class ModeTrace:
    """The live result of tracing one mode: torch.fx's graph, the tracer with the names, and the graph's attributes.

    ``attributes`` are the parameters, buffers and constants that the graph reads, by path: tensors that tracing itself
    stored on the model are gone from it afterwards. ``failure`` says why there is no graph, or (with a graph) that
    torchvision's naming gives a name twice; ``error`` is the exception behind it.
    """

    mode: Mode
    tracer: NodePathTracer
    graph: fx.Graph | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    failure: Failure | None = None
    error: Exception | None = None

    @property
    def names(self) -> list[str]:
        return list(self.tracer.node_to_qualname.values()) if self.graph is not None else []


def trace_mode(
    model: nn.Module, mode: Mode, settings: TraceSettings, concrete_args: Mapping[str, Any] | None = None
) -> ModeTrace:
    """Trace ``model`` in ``mode`` and leave it as it was; what goes wrong is in the result."""
    trace = ModeTrace(mode, settings.tracer())
    with preserved(model):
        try:
            model.train(mode == "train")
            graph = trace.tracer.trace(model, concrete_args=dict(concrete_args) if concrete_args else None)
            trace.attributes = {
                node.target: _attribute(model, node.target) for node in graph.nodes if node.op == "get_attr"
            }
        except Exception as error:
            trace.error = error
            trace.failure = explain(error, mode, trace.tracer.failed_in)
            return trace
    trace.graph = graph
    trace.failure = _duplicates(trace)
    return trace


def trace_modes(
    model: nn.Module, settings: TraceSettings, concrete_args: Mapping[str, Any] | None = None
) -> dict[Mode, ModeTrace]:
    """Trace ``model`` in train mode, then in eval mode."""
    return {mode: trace_mode(model, mode, settings, concrete_args) for mode in MODES}


def trace_model(
    model: nn.Module,
    *,
    dialect: Dialect | None = None,
    tracer_kwargs: Mapping[str, Any] | None = None,
    concrete_args: Mapping[str, Any] | None = None,
    leaf_modules: Iterable[type[nn.Module]] = (),
    example_input: Any = None,  # noqa: ARG001 - shapes come with the next change
    naming: Dialect | None = None,
) -> ModelGraph:
    """Everything the tools need to know of ``model``: its named nodes in both modes, its modules, and what failed.

    Args:
        model: the model; it is left as it was.
        dialect: whose names to give: ``"fxlens"`` (the default), ``"torchvision"`` or ``"timm"``. ``naming`` is
            another word for it.
        tracer_kwargs: keyword arguments for ``torch.fx.Tracer``, and ``leaf_modules``, as torchvision takes them.
        concrete_args: arguments of ``forward`` that are fixed while tracing, by name.
        leaf_modules: module classes that are traced as one node, besides the dialect's own.
        example_input: what ``forward`` is given to find the shapes.

    Returns:
        The graph. A mode that cannot be traced is ``None`` and has a failure; nothing is raised for what the model's
        own code does.

    Raises:
        TypeError: if ``model`` is not a module, or an argument is of the wrong kind.

    Example:
        >>> trace_model(nn.Sequential(nn.Linear(2, 4), nn.ReLU())).eval.names
        ('input', '0', '1')
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"a torch.nn.Module is needed, not {_kind(model)}")
    settings = trace_settings(dialect or naming or "fxlens", leaf_modules, tracer_kwargs)
    traces = trace_modes(model, settings, concrete_args)
    return describe(model, settings, traces)


def describe(model: nn.Module, settings: TraceSettings, traces: Mapping[Mode, ModeTrace]) -> ModelGraph:
    """The plain data of ``traces``."""
    calls = {mode: trace.tracer.module_calls for mode, trace in traces.items() if trace.graph is not None}
    failures = [trace.failure for trace in traces.values() if trace.failure is not None]
    graphs = {mode: describe_mode(model, trace) for mode, trace in traces.items()}
    return ModelGraph(
        class_name(model),
        settings.naming,
        graphs.get("train"),
        graphs.get("eval"),
        describe_modules(model, settings.tracer(), calls),
        tuple(failures),
    )


def describe_mode(model: nn.Module, trace: ModeTrace) -> ModeGraph | None:
    """The plain data of one mode's trace, or ``None`` if it failed."""
    if trace.graph is None:
        return None
    names, origins = trace.tracer.node_to_qualname, trace.tracer.node_to_origin
    classes = {path: class_name(module) for path, module in model.named_modules(remove_duplicate=False)}
    nodes = []
    for node, name in names.items():
        target = node.target if isinstance(node.target, str) else function_name(node.target)
        module_class = classes.get(target) if node.op == "call_module" else None
        scope, source = origins[node]
        nodes.append(GraphNode(name, cast(NodeOp, node.op), target, scope, module_class, source))
    returned: dict[str, list[str | None]] = {}
    for call in trace.tracer.module_calls:
        name_of_call = names.get(call.returned) if isinstance(call.returned, fx.Node) else None
        returned.setdefault(call.path, []).append(name_of_call)
    return ModeGraph(trace.mode, tuple(nodes), {path: tuple(found) for path, found in returned.items()})


def function_name(function: Any) -> str:
    """The dotted name under which a program would call ``function``: ``torch.flatten``, ``operator.add``."""
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", None) or repr(function)
    module = getattr(function, "__module__", None) or "torch"
    # Built-in functions say where they are implemented, which is not where anybody finds them.
    return f"{_PUBLIC_MODULES.get(module, module)}.{name.rpartition('.')[2] if module == 'torch' else name}"


_PUBLIC_MODULES = {"_operator": "operator", "torch._C._nn": "torch.nn.functional"}


def _attribute(model: nn.Module, path: str) -> Any:
    value: Any = model
    for part in path.split("."):
        value = getattr(value, part)
    return value


def _duplicates(trace: ModeTrace) -> Failure | None:
    rule = trace.tracer.rule
    if not isinstance(rule, TorchvisionNaming) or not rule.duplicates:
        return None
    name = rule.duplicates[0]
    nodes = [node for node, given in trace.tracer.node_to_qualname.items() if given == name]
    first, second = (str(node.target) for node in nodes[:2])
    message = (
        f"torchvision's naming gives the name {name!r} twice, to calls of {first!r} and {second!r}, "
        "so its create_feature_extractor refuses the model"
    )
    source = trace.tracer.node_to_origin[nodes[1]].source
    return Failure("trace", "naming", message, naming_remedy(name, None), source, trace.mode)


def _kind(value: Any) -> str:
    return f"the class {value.__name__}: create an instance" if isinstance(value, type) else type(value).__name__
