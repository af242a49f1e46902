"""Modes that were traced at once: what is found of the one mode holds for the other, or nearly so.

A model that does not ask for its mode while it is traced has one graph for both. Its leaf modules may ask when they
run; nearly all models have torch's own layers there, of which it is known what the mode changes.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import fx, nn

from fxlens.graph import Mode
from fxlens.tracing.record.modes import ModeTrace
from fxlens.tracing.torch_private import DROPOUTS


def first_of_graph(traces: Mapping[Mode, ModeTrace]) -> dict[Mode, Mode]:
    """For each traced mode, the first mode with the very same graph: itself, or the one it was traced with."""
    firsts: dict[int, Mode] = {}
    return {mode: firsts.setdefault(id(trace.graph), mode) for mode, trace in traces.items() if trace.graph is not None}


def has_dropouts(graph: fx.Graph, modules: Mapping[str, nn.Module]) -> bool:
    """Whether a layer of ``graph`` writes to its argument in train mode only."""
    return any(node.op == "call_module" and isinstance(modules.get(str(node.target)), DROPOUTS) for node in graph.nodes)


def same_shapes(graph: fx.Graph, modules: Mapping[str, nn.Module]) -> bool:
    """Whether running ``graph`` on meta tensors finds the same in both modes, whatever the layers compute."""
    called = {str(node.target) for node in graph.nodes if node.op == "call_module"}
    return all(path in modules and _ignores_mode(modules[path]) for path in called)


def _ignores_mode(module: nn.Module) -> bool:
    """Whether the shape of what ``module`` returns, and the number of its operations, is the same in both modes."""
    kind = type(module)
    if module._forward_hooks or module._forward_pre_hooks or "forward" in module.__dict__:  # noqa: SLF001
        return False
    if kind.forward is nn.Sequential.forward and kind.__call__ is nn.Module.__call__:
        return all(map(_ignores_mode, module.children()))
    home = kind.__module__
    if not home.startswith("torch.nn.modules.") or home == "torch.nn.modules.transformer":
        return False  # in eval mode a transformer may cut off what is padding in all sequences of a batch
    # Its kernel is chosen by the dropout, and with it what is counted. On meta tensors there is no other fast path.
    return not isinstance(module, nn.MultiheadAttention) or module.dropout == 0
