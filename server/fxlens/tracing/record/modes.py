"""Traces a model, one mode after the other, and leaves it as it was."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from torch import fx, nn

from fxlens.collector import collector_paused
from fxlens.graph import MODES, Failure, Mode
from fxlens.remedies import advice
from fxlens.suggestions import nearest
from fxlens.tracing.model_state.mode_state import ModeState, switch
from fxlens.tracing.model_state.snapshot import Snapshot, preserved, tracing_lock
from fxlens.tracing.record.branches import changed_branch
from fxlens.tracing.record.changes import OURS, LiveChange
from fxlens.tracing.record.default_arguments import (
    default_arguments,
    fails_without,
    lost_arguments,
    lost_identity,
    needed_arguments,
    optional_arguments,
    read_options,
    unread_arguments,
)
from fxlens.tracing.record.dialect_settings import TraceSettings
from fxlens.tracing.record.failures import explain, explain_switch, naming_remedy
from fxlens.tracing.record.mode_reads import mode_reads
from fxlens.tracing.record.naming import TorchvisionNaming
from fxlens.tracing.record.repeats import changed_by_repeating
from fxlens.tracing.record.tracer import NodePathTracer
from fxlens.tracing.record.trains import lost_train
from fxlens.tracing.record.trials import Trials


@dataclass
class ModeTrace:
    """The live result of tracing one mode: torch.fx's graph, the tracer with the names, and the graph's attributes.

    ``attributes`` are the parameters, buffers and constants that the graph reads, by path: tensors that tracing itself
    stored on the model are gone from it afterwards. ``failure`` says why there is no graph, or (with a graph) that
    torchvision's naming gives a name twice; ``error`` is the exception behind it. ``depends_on_mode`` is false if
    ``forward`` never asked for the mode. ``unrecorded`` are the paths of the tensors that ``forward`` changed while
    it was traced: operations between tensors that are not inputs happen then, and are not in the graph. ``inner`` are
    the names of the nodes that the graph has only if a custom ``torch.autograd.Function`` is traced through. ``state``
    is that of the modules in this mode, if the model has a ``train`` of its own.
    """

    mode: Mode
    tracer: NodePathTracer
    graph: fx.Graph | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    failure: Failure | None = None
    error: Exception | None = None
    depends_on_mode: bool = True
    unrecorded: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()
    state: ModeState | None = None

    @property
    def changes(self) -> list[LiveChange]:
        return self.tracer.changes

    @property
    def called_modules(self) -> set[str]:
        return {call.path for call in self.tracer.module_calls}

    @property
    def names(self) -> list[str]:
        return list(self.tracer.node_to_qualname.values()) if self.graph is not None else []


def trace_mode(
    model: nn.Module,
    mode: Mode,
    settings: TraceSettings,
    concrete_args: Mapping[str, Any] | None = None,
    snapshot: Snapshot | None = None,
) -> ModeTrace:
    """Trace ``model`` in ``mode`` and leave it as it was; what goes wrong is in the result.

    Buffers that ``forward`` changes while it is traced are recorded in a second trace, under our own rule: under
    torchvision's, the operations on them have no names, and must not disturb those of the others.
    """
    snapshot = snapshot or Snapshot(model)
    trace = _traced(model, mode, settings, concrete_args, snapshot, frozenset(), repeats=True)
    if trace.unrecorded and settings.naming == "fxlens":
        again = _traced(model, mode, settings, concrete_args, snapshot, frozenset(trace.unrecorded), repeats=True)
        trace = trace if again.graph is None else again
    elif trace.graph is None and settings.naming == "fxlens" and _reads_buffer_at_traced(trace.error):
        again = _traced(
            model,
            mode,
            settings,
            concrete_args,
            snapshot,
            frozenset(name for name, _ in model.named_buffers()),
            repeats=True,
        )
        trace = trace if again.graph is None else again
    if trace.tracer.questions and trace.graph is not None:
        again = _traced(model, mode, replace(settings, answers_as_tensor=True), concrete_args, snapshot, frozenset())
        other = again.graph if again.graph is not None else again.tracer.graph
        change = changed_branch(trace.graph, other, trace.tracer.questions, OURS)
        trace.changes.extend([] if change is None else [change])
    if trace.tracer.functions and trace.graph is not None:
        through = _traced(model, mode, replace(settings, traces_through=True), concrete_args, snapshot, frozenset())
        own = set(trace.names)
        trace.inner = tuple(name for name in through.names if name not in own)
    return trace


def _reads_buffer_at_traced(error: Exception | None) -> bool:
    """Whether ``error`` is that of ``self.buffer[:n]`` with a traced ``n``, which torch.fx does not record."""
    return isinstance(error, (TypeError, IndexError)) and re.search(_INDEX, str(error)) is not None


_INDEX = (
    r"slice indices must be integers|only integers, slices|invalid indices?|\w+\(\).*(Proxy|combination of arguments)"
)


def _traced(
    model: nn.Module,
    mode: Mode,
    settings: TraceSettings,
    concrete_args: Mapping[str, Any] | None,
    snapshot: Snapshot,
    recorded_buffers: frozenset[str],
    *,
    repeats: bool = False,
) -> ModeTrace:
    """One trace; with ``repeats`` it is compared to the next one, if that may be another."""

    def tracer() -> NodePathTracer:
        made = settings.tracer()
        made.recorded_buffers = recorded_buffers
        return made

    def again(other: NodePathTracer) -> None:
        _watched(model, ModeTrace(mode, other), concrete_args)

    trace = ModeTrace(mode, tracer())
    with preserved(model, snapshot):
        try:
            graph = _watched(model, trace, concrete_args)
            trace.attributes = trace.tracer.attributes()
            trace.unrecorded = tuple(snapshot.changed_tensors())
            if trace.state is not None:
                trace.changes.extend(lost_train(model, trace.tracer, mode, trace.state))
            kept = snapshot.kept_attributes() if repeats else []
            if repeats and (kept or snapshot.draws_random_numbers()):
                snapshot.restore_buffers()
                change = changed_by_repeating(trace.tracer, again, tracer, kept)
                trace.changes.extend([] if change is None else [change])
        except Exception as error:
            trace.error = error
            trace.failure = trace.failure or explain(error, mode, trace.tracer, model)
            return trace
    trace.graph = graph
    trace.failure = _duplicates(trace)
    return trace


def _watched(model: nn.Module, trace: ModeTrace, concrete_args: Mapping[str, Any] | None) -> fx.Graph:
    with mode_reads(model, trace.mode == "train") as reads:
        if not reads.masks:
            trace.state = _switched(model, trace)
        try:
            return trace.tracer.trace(model, concrete_args=dict(concrete_args) if concrete_args else None)
        finally:
            trace.depends_on_mode = reads.noticed


def _switched(model: nn.Module, trace: ModeTrace) -> ModeState | None:
    try:
        return switch(model, trace.mode, trace.tracer.naming)
    except Exception as error:
        trace.failure = explain_switch(error, trace.mode, model)
        raise


def check_concrete_args(model: nn.Module, concrete_args: Mapping[str, Any] | None) -> None:
    """torch.fx ignores a misspelt name, and tracing then fails with something else.

    Raises:
        TypeError: if ``concrete_args`` is not a mapping, or names what ``forward`` of ``model`` does not take.
    """
    if concrete_args is None:
        return
    if not isinstance(cast(object, concrete_args), Mapping):
        raise TypeError(f"concrete_args must be a dictionary, not {type(concrete_args).__name__}")
    names = list(inspect.signature(type(model).forward).parameters)[1:]
    for name in concrete_args:
        if name not in names:
            near = nearest(name, names)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(names) or 'none'}"
            raise TypeError(f"concrete_args: {type(model).__qualname__}.forward has no argument {name!r}; {hint}")


def trace_modes(
    model: nn.Module,
    settings: TraceSettings,
    concrete_args: Mapping[str, Any] | None = None,
    modes: Collection[Mode] = MODES,
    *,
    tries_remedies: bool = True,
    snapshot: Snapshot | None = None,
) -> dict[Mode, ModeTrace]:
    """Trace ``model`` in ``modes``, train mode first; once for both if ``forward`` does not ask for the mode.

    A mode that is not among ``modes`` has an empty trace, without a graph and without a failure. What makes a model
    traceable is tried if ``tries_remedies``: it takes as long as a few traces. ``snapshot`` is one of the model as it
    is, where the caller has one already.

    Raises:
        TypeError: if ``concrete_args`` is not a mapping.
    """
    if not isinstance(cast(object, concrete_args), (Mapping, type(None))):
        raise TypeError(f"concrete_args must be a dictionary, not {type(concrete_args).__name__}")
    with tracing_lock, collector_paused():
        traces = _all_modes(model, settings, concrete_args, modes, snapshot or Snapshot(model))
        return _with_remedies(model, traces, settings, concrete_args, modes) if tries_remedies else traces


def _all_modes(
    model: nn.Module,
    settings: TraceSettings,
    concrete_args: Mapping[str, Any] | None,
    modes: Collection[Mode],
    snapshot: Snapshot,
) -> dict[Mode, ModeTrace]:
    """The traces, with optional arguments left at their defaults where the model cannot be traced or run otherwise.

    One that modules read which nothing else calls (the text of a model of images and text) is an input, though it may
    be left out.
    """
    traces = _each_mode(model, settings, concrete_args, modes, snapshot)
    optional = optional_arguments(model)
    without: dict[Mode, ModeTrace] = {}
    is_needed = False  # by the model as well as by the graph
    # `{}` says that none is to be left out.
    if settings.naming == "fxlens" and concrete_args != {} and not settings.left_out:

        def leaving_out(names: Collection[str]) -> dict[Mode, ModeTrace]:
            return _each_mode(model, replace(settings, left_out=held | {*names}), concrete_args, modes, snapshot)

        held: frozenset[str] = frozenset()
        others = optional - set(concrete_args or ())
        all_traced = _all_traced(traces, modes)
        unread = others & unread_arguments(traces[mode].tracer for mode in modes) if all_traced else frozenset[str]()
        if unread:
            # Nothing of `if flag is True:` is in the graph but the arm that was taken, which is that of a traced value.
            tried = leaving_out(unread)
            if _all_traced(tried, modes) and any(_differ(traces[mode], tried[mode]) for mode in modes):
                traces, held = tried, unread
        if not _all_traced(traces, modes):
            # Where neither works, the failure that is met later is the one to solve.
            tried = leaving_out(others) if others else traces
            traces = tried if _reach(tried, modes) > _reach(traces, modes) else traces
        elif concrete_args is None:
            tracers = [traces[mode].tracer for mode in modes]
            options = optional & {name for each in tracers for name in read_options(each)}
            left_out = options | (optional & {name for each in tracers for name in needed_arguments(each)})
            tried = leaving_out(left_out) if left_out else {}
            if tried and not _run_without(tried, modes):
                is_needed = True
            elif tried and any(traces[mode].called_modules - tried[mode].called_modules for mode in modes):
                without = tried
                # Options have no names that a caller would see in the graph: nobody misses them.
                fewer = leaving_out(options) if options and options != left_out else tried if options else {}
                traces = fewer if fewer and _run_without(fewer, modes) else traces
            elif tried:
                traces = tried
    elif settings.naming != "fxlens" and _all_traced(traces, modes):
        _note_lost_identities(model, settings, concrete_args, snapshot, {mode: traces[mode] for mode in modes})
    traced = {trace.tracer: mode for mode, trace in traces.items() if trace.graph is not None and not is_needed}
    for tracer, mode in traced.items():
        names = without[mode].names if without else None
        left = optional - set(concrete_args or ())
        tracer.changes.extend(lost_arguments(tracer, left, settings.naming, names))
    return traces


def _note_lost_identities(
    model: nn.Module,
    settings: TraceSettings,
    concrete_args: Mapping[str, Any] | None,
    snapshot: Snapshot,
    traces: Mapping[Mode, ModeTrace],
) -> None:
    """Note where torchvision's and timm's functions take another branch for a traced argument than for its default."""
    unread = unread_arguments(trace.tracer for trace in traces.values()) - set(concrete_args or ())
    fixed = {name: value for name, value in default_arguments(model).items() if name in unread}
    if not fixed:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.fx warns of a fixed argument that it does not check
        tried = _each_mode(model, settings, {**(concrete_args or {}), **fixed}, list(traces), snapshot)
    for mode, trace in traces.items():
        change = lost_identity(trace.tracer, tried[mode].tracer, fixed, settings.naming)
        if change is not None and tried[mode].graph is not None and change not in trace.changes:
            trace.changes.append(change)


def _differ(trace: ModeTrace, other: ModeTrace) -> bool:
    """Whether two traces have other nodes, inputs aside."""

    def steps(of: ModeTrace) -> list[tuple[str, Any]]:
        return [(node.op, node.target) for node in of.tracer.node_to_qualname if node.op != "placeholder"]

    return steps(trace) != steps(other)


def _run_without(traces: Mapping[Mode, ModeTrace], modes: Collection[Mode]) -> bool:
    """Whether the model can be traced, and its graphs be run, without the arguments that ``traces`` leave out."""
    return _all_traced(traces, modes) and not any(fails_without(traces[mode].tracer) for mode in modes)


def _all_traced(traces: Mapping[Mode, ModeTrace], modes: Collection[Mode]) -> bool:
    return all(traces[mode].graph is not None for mode in modes)


def _reach(traces: Mapping[Mode, ModeTrace], modes: Collection[Mode]) -> tuple[int, int]:
    """How far tracing got: the number of modes that were traced, and of the nodes before the failures of the others."""
    failed = [traces[mode] for mode in modes if traces[mode].graph is None]
    nodes = sum(name.op != "placeholder" for trace in failed for name in trace.tracer.node_to_qualname)
    return len(modes) - len(failed), nodes


def _each_mode(
    model: nn.Module,
    settings: TraceSettings,
    concrete_args: Mapping[str, Any] | None,
    modes: Collection[Mode],
    snapshot: Snapshot,
) -> dict[Mode, ModeTrace]:
    traces = {mode: ModeTrace(mode, settings.tracer()) for mode in MODES}
    for mode in modes:
        train = traces["train"]
        if mode == "eval" and "train" in modes and not train.depends_on_mode:
            failure = replace(train.failure, mode="eval") if train.failure else None
            traces[mode] = replace(train, mode="eval", failure=failure)
        else:
            traces[mode] = trace_mode(model, mode, settings, concrete_args, snapshot)
    return traces


def _with_remedies(
    model: nn.Module,
    traces: dict[Mode, ModeTrace],
    settings: TraceSettings,
    concrete_args: Mapping[str, Any] | None,
    modes: Collection[Mode],
) -> dict[Mode, ModeTrace]:
    """``traces``; the failures among them also say what was tried and works."""
    failed = [trace for trace in traces.values() if trace.failure is not None and trace.graph is None]
    if not failed or any(trace.failure is not None and trace.failure.kind == "naming" for trace in failed):
        return traces

    def attempt(part: nn.Module, changed: TraceSettings, fixed: Mapping[str, Any]) -> dict[Mode, ModeTrace]:
        own = concrete_args if part is model else None
        return _all_modes(part, changed, {**(own or {}), **fixed} if fixed else own, modes, Snapshot(part))

    remedies = Trials(model, traces, settings, attempt, concrete_args or ()).remedies()
    for trace in failed:
        if trace.failure is not None:
            failure = replace(trace.failure, remedies=remedies)
            trace.failure = replace(failure, remedy=advice(failure, {}))
    return traces


def _duplicates(trace: ModeTrace) -> Failure | None:
    rule = trace.tracer.rule
    if not isinstance(rule, TorchvisionNaming) or not rule.duplicates:
        return None
    name = rule.duplicates[0]
    nodes = [node for node, qualname in trace.tracer.node_to_qualname.items() if qualname == name]
    first, second = (str(node.target) for node in nodes[:2])
    which = f"calls of {first!r}" if first == second else f"{first!r} and {second!r}"
    message = f"torchvision's naming gives the name {name!r} twice, to {which}, so its extractor refuses the model"
    source = trace.tracer.node_to_origin[nodes[1]].source
    return Failure("trace", "naming", message, naming_remedy(second, first), source, trace.mode)
