"""What hooks can read of a model that torch.fx cannot trace, as the graph of a mode: its module calls in one run.

The run is made on meta tensors: it touches no weights and computes nothing. It takes the path of its input; another
input may call other modules, so those that were not called are in the graph too, at its end.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from fxlens.graph import MODES, GraphNode, Mode, ModeGraph
from fxlens.tracing.describe.example_inputs import ExampleInput
from fxlens.tracing.describe.module_queries import can_be_called, module_query
from fxlens.tracing.describe.module_run import (
    RUN_SECONDS,
    RUNNING,
    ModuleCallRecord,
    ModuleRun,
    load_meta_kernels,
    run_on_meta,
)
from fxlens.tracing.describe.module_tree import class_name
from fxlens.tracing.describe.recorder import IsLeaf, Recorder, leaf_test
from fxlens.tracing.describe.shapes import GUESSED, StatedInput, describe_value, shape_of_weights
from fxlens.tracing.record.forward_lines import running_line
from fxlens.tracing.record.node_records import ModuleCall


@dataclass(frozen=True)
class ModuleRuns:
    """The runs of a model by mode; a mode is missing where no input was found, or none was looked for.

    ``reason`` says where the input is from.
    """

    runs: Mapping[Mode, ModuleRun]
    reason: str = ""

    def graphs(self, model: nn.Module, modes: Collection[Mode] = MODES) -> tuple[ModeGraph, ...]:
        """The graph of each of ``modes``: of its run, or of the modules as they are defined."""
        return tuple(_graph(model, mode, self.runs.get(mode)) for mode in modes)

    def calls(self) -> dict[Mode, list[ModuleCall]]:
        """The calls as the module tree counts them."""
        return {
            mode: [ModuleCall(call.path, None, None, call.caller) for call in run.calls]
            for mode, run in self.runs.items()
        }


def run_modules(
    model: nn.Module,
    stated: Sequence[StatedInput] = (),
    *,
    guess: bool = True,
    seconds: float = RUN_SECONDS,
    recorded_leaves: Iterable[type[nn.Module]] | None = None,
) -> ModuleRuns:
    """Run ``model`` in both modes, each on the first input that suits it.

    Args:
        model: the model; it is left as it was.
        stated: inputs to try first, as for :func:`fxlens.tracing.describe.shapes.find_values`.
        guess: whether to try inputs that suit the model after those.
        seconds: the time for all of it.
        recorded_leaves: the classes whose operations are not named, beside the layers of torch; ``None`` if no
            operation is.
    """
    watch = None if recorded_leaves is None else _recording(model, leaf_test(recorded_leaves))
    load_meta_kernels()
    until = time.monotonic() + seconds
    examples = [(shape_of_weights(each.value) or each.value, each.origin) for each in stated]
    inputs = [(value, origin) for value, origin in examples if isinstance(value, (torch.Tensor, Mapping, tuple, list))]
    runs: dict[Mode, ModuleRun] = {}
    reason = ""
    refused = f"; the model does not take that of {inputs[0][1]}" if inputs else ""
    for value, origin in [*inputs, *([(None, GUESSED + refused)] if guess else [])]:
        for mode in MODES:
            left = until - time.monotonic()
            run = run_on_meta(model, mode, value, seconds=left, watch=watch) if mode not in runs and left > 0 else None
            if run is not None:
                runs[mode], reason = run, reason or origin
    return ModuleRuns(runs, reason)


def _recording(model: nn.Module, is_leaf: IsLeaf) -> Callable[[ExitStack], list[GraphNode | str]]:
    """What watches a run, for its operations in the order of their values; modules stand there by their names."""

    def watch(stack: ExitStack) -> list[GraphNode | str]:
        recorded: list[GraphNode | str] = []

        def take(name: str, value: Any) -> None:
            operation = recorder.operation
            if operation is None:
                recorded.append(name)
                return
            source = running_line(RUNNING)
            recorded.append(
                GraphNode(
                    name, "call_function", f"torch.{operation}", recorder.scope, None, source, describe_value(value)
                )
            )

        recorder = Recorder(model, is_leaf, take)
        recorder.watch(stack)
        return recorded

    return watch


def _with_operations(nodes: list[GraphNode], recorded: Iterable[GraphNode | str]) -> list[GraphNode]:
    """``nodes``, the calls of a run, with its operations between them. A name that both have is the call's."""
    calls = {node.name: node for node in nodes}
    merged: dict[str, GraphNode] = {}
    for each in recorded:
        if isinstance(each, GraphNode):
            if each.name not in calls:
                merged[each.name] = each
        elif each in calls:
            merged[each] = calls[each]
    return [*merged.values(), *(node for node in nodes if node.name not in merged)]


def _graph(model: nn.Module, mode: Mode, run: ModuleRun | None) -> ModeGraph:
    nodes = list(_called(model, run.calls) if run else ())
    if run is not None and run.watched:
        nodes = _with_operations(nodes, run.watched)
    returned: dict[str, tuple[str | None, ...]] = {}
    for node in nodes:
        if node.op == "call_module":
            returned[node.target] = (*returned.get(node.target, ()), node.name)
    names = {node.name: node for node in nodes}
    nodes += _not_called(model, names)
    said = _in_words(run.input) + _CONDITIONS[run.conditions] if run else ""
    return ModeGraph(mode, tuple(nodes), returned, origin="run" if run else "paths", input=said)


def _called(model: nn.Module, calls: Collection[ModuleCallRecord]) -> Iterator[GraphNode]:
    classes = {path: class_name(module) for path, module in model.named_modules()}
    for call in calls:
        name = f"{call.path}_{call.number}" if call.number else call.path
        # A later call whose name is the path of another module cannot be selected.
        if module_query(model, name) == (call.path, call.number):
            yield GraphNode(name, "call_module", call.path, call.caller, classes[call.path], call.source, call.value)


def _not_called(model: nn.Module, called: Mapping[str, GraphNode]) -> Iterator[GraphNode]:
    """Modules that the run did not call, and the further paths of modules, by which hooks read them as well.

    Of a module that is called more than once, another path does not say which call is meant.
    """
    first = {module: path for path, module in model.named_modules()}
    calls = Counter(node.target for node in called.values())
    for path, module in model.named_modules(remove_duplicate=False):
        is_clear = path == first[module] or calls[first[module]] < 2
        if path and path not in called and is_clear and can_be_called(module):
            same = called.get(first[module])
            source, value = (same.source, same.value) if same else (None, None)
            scope = path.rpartition(".")[0]
            yield GraphNode(path, "call_module", path, scope, class_name(module), source, value)


_CONDITIONS = {
    None: "",
    False: " where no condition on its values holds",
    True: " where every condition on its values holds",
}


def _in_words(example: ExampleInput) -> str:
    """The input as one would write it: ``1×3×224×224``, ``input_ids=1×8``."""
    phrases = [_phrase(value) for value in example.args]
    return ", ".join([*phrases, *(f"{name}={_phrase(value)}" for name, value in example.kwargs.items())])


def _phrase(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return describe_value(value).phrase
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_phrase, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key!r}: {_phrase(item)}' for key, item in value.items())}}}"
    return repr(value)
