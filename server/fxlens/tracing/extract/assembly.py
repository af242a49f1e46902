"""Puts an extractor together: the graphs of both modes cut down to what is wanted, and what they read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import fx, nn

from fxlens.graph import MODES, Mode
from fxlens.tracing.extract.checkpointed import keep_checkpoints
from fxlens.tracing.extract.extractor import FeatureExtractor, build_extractor
from fxlens.tracing.extract.fixed_inputs import fix_inputs
from fxlens.tracing.extract.missing_mode import missing_mode
from fxlens.tracing.extract.pruning import Wanted, prune
from fxlens.tracing.model_state.mode_state import effects, state_of
from fxlens.tracing.record.changes import LiveChange, lost_checkpoint, needed_by
from fxlens.tracing.record.default_arguments import hold_defaults
from fxlens.tracing.record.modes import ModeTrace
from fxlens.tracing.record.structures import nodes_in


def assemble(
    model: nn.Module,
    traces: Mapping[Mode, ModeTrace],
    wanted: Mapping[Mode, Mapping[str, Wanted]],
    concrete_args: Mapping[str, Any],
    *,
    kind: type[FeatureExtractor] = FeatureExtractor,
    plain_output: bool = False,
) -> tuple[FeatureExtractor, list[LiveChange]]:
    """The extractor of ``wanted``, by mode and output key, and what it does otherwise than ``model``.

    Args:
        traces: both modes of ``model``; one that could not be traced has no part in ``wanted``.
        kind: the class of the extractor.
        plain_output: return a ``dict``, as torchvision's extractor does, and not an ``OrderedDict``.
    """
    modules = dict(model.named_modules(remove_duplicate=False))
    graphs: dict[Mode, fx.Graph] = {}
    same = _are_same(wanted.get("train"), wanted.get("eval"))
    shared = traces["train"].graph is traces["eval"].graph and not same
    attributes: dict[str, torch.Tensor] = {}
    changes: list[LiveChange] = []
    for mode in MODES:
        trace = traces[mode]
        if trace.graph is None:
            continue
        if mode == "eval" and trace.graph is traces["train"].graph and same:
            graphs[mode] = graphs["train"]
            continue
        needed = needed_by(node for want in wanted[mode].values() for node in (want.after, *nodes_in(want.value)))
        ends = {node for want in wanted[mode].values() for node in nodes_in(want.value)}
        changes += [change for change in trace.changes if change.concerns(ends, needed)]
        pruned = prune(
            trace.graph,
            wanted[mode],
            modules,
            _guards(trace),
            trace.tracer.node_to_contexts,
            # With concrete arguments, torch.fx's graph takes them apart when it is called, which ours must not.
            may_change_it=not shared and not concrete_args,
            plain_output=plain_output,
        )
        hold_defaults(pruned.graph, trace.tracer.left_out, concrete_args)
        if trace.tracer.checkpoints and trace.tracer.naming == "fxlens":
            lost = keep_checkpoints(pruned.graph)
            changes += [lost_checkpoint(checkpoint.source, (), "fxlens", reason) for checkpoint, reason in lost]
        graphs[mode] = pruned.graph
        values = {**trace.attributes, **pruned.constants}
        fix_inputs(pruned.graph, concrete_args, values)
        _take_attributes(mode, pruned.graph, {**modules, **values}, attributes)
    for mode in MODES:
        if mode not in graphs:
            other = next(iter(graphs.values()))
            graphs[mode] = missing_mode(other, _why_missing(type(model).__qualname__, traces[mode]))
    states = {mode: trace.state for mode, trace in traces.items() if trace.state is not None}
    extractor = build_extractor(model, graphs, modules, attributes, kind)
    if states and traces["train"].tracer.naming == "fxlens":
        extractor.mode_effects = effects(state_of(model), states)
    return extractor, changes


def _are_same(train: Mapping[str, Wanted] | None, evaluation: Mapping[str, Wanted] | None) -> bool:
    """Whether both modes want the same nodes under the same keys. Structures are not compared: tensors are in them."""
    if train is None or evaluation is None or list(train) != list(evaluation):
        return False
    return all(
        want.value is evaluation[key].value and want.after is evaluation[key].after for key, want in train.items()
    )


def _why_missing(model: str, trace: ModeTrace) -> str:
    mode = trace.mode
    if trace.failure is None:
        return f"pass {mode}_return_nodes: this extractor of {model} was made without nodes for {mode} mode"
    return f"switch the mode: {model} cannot be traced in {mode} mode: {trace.failure.message}"


def _guards(trace: ModeTrace) -> frozenset[fx.Node]:
    """The assertions that torch.fx itself made to hold an argument to its value in ``concrete_args``."""
    origins = trace.tracer.node_to_origin
    return frozenset(
        node
        for node, origin in origins.items()
        if origin.source is None and str(getattr(node.target, "__name__", "")).startswith("_assert")
    )


def _take_attributes(
    mode: Mode, graph: fx.Graph, tensors: Mapping[str, torch.Tensor], attributes: dict[str, torch.Tensor]
) -> None:
    """Collect the tensors that ``graph`` reads. A constant of one mode must not take the name of the other's."""
    for node in graph.nodes:
        if node.op == "get_attr":
            path = str(node.target)
            value = tensors[path]
            if attributes.get(path, value) is not value:
                path = node.target = f"{path}_{mode}"
            attributes[path] = value
