"""Running one node of a traced graph on meta tensors: its value, and what it computes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import fx, nn
from torch.nn.parameter import is_lazy

from fxlens.tracing.describe.flops import counted
from fxlens.tracing.record.conditions import hold_condition
from fxlens.tracing.record.structures import map_ends
from fxlens.tracing.record.tensor_facts import asks_of_device
from fxlens.tracing.torch_private import RUNNING_NORMS, asked_directly

UNKNOWN = object()
"""The value of a node that could not be run."""


def execute(
    node: fx.Node, values: Mapping[fx.Node, Any], modules: Mapping[str, nn.Module], attributes: Mapping[str, Any]
) -> tuple[Any, int]:
    """The value of ``node``, and what it computes."""
    target: Any = node.target
    if node.op == "get_attr":
        return attributes[target], 0

    def value_of(argument: Any) -> Any:
        return values[argument] if isinstance(argument, fx.Node) else argument

    if target is hold_condition and asks_of_device(node.all_input_nodes[0]):
        return None, 0  # it is about the device on which the graph is to run
    try:
        args, kwargs = map_ends(node.args, value_of), map_ends(node.kwargs, value_of)
        if node.op == "call_module":
            module = modules[target]
            if any(map(is_lazy, module.parameters())):
                return UNKNOWN, 0  # calling it would make it another class for good
            if type(module) in _SAME_SHAPE and len(args) == 1 and (like := _like_argument(module, args[0])) is not None:
                return like, 0
            return counted(node, modules, lambda: module(*args, **kwargs), args)
        if node.op == "call_method":
            return counted(node, modules, lambda: getattr(args[0], target)(*args[1:], **kwargs), args)
        return counted(node, modules, lambda: target(*args, **kwargs), args)
    except Exception:
        return UNKNOWN, 0


def _like_argument(module: nn.Module, tensor: torch.Tensor) -> torch.Tensor | None:
    """What a layer that returns a tensor like its one argument returns, if it accepts this one.

    Normalisation in particular is slow on meta tensors (torch decomposes it in Python), and half of all layers.
    """
    if type(tensor) is torch.Tensor:
        with asked_directly():
            if tensor.is_meta:
                return torch.empty_like(tensor) if _accepts(module, tensor.shape) else None
    return torch.empty_like(tensor) if _accepts(module, tensor.shape) else None


def _accepts(module: nn.Module, shape: torch.Size) -> bool:
    if isinstance(module, RUNNING_NORMS):
        return len(shape) in _RANKS.get(type(module), ()) and shape[1] == module.num_features
    if isinstance(module, nn.LayerNorm):
        return tuple(shape[-len(module.normalized_shape) :]) == module.normalized_shape
    return True


_RANKS: dict[type[nn.Module], tuple[int, ...]] = {nn.BatchNorm1d: (2, 3), nn.BatchNorm2d: (4,), nn.BatchNorm3d: (5,)}
_SAME_SHAPE = frozenset(
    [*_RANKS, nn.LayerNorm, nn.ReLU, nn.ReLU6, nn.SiLU, nn.GELU, nn.Sigmoid, nn.Tanh, nn.Hardswish, nn.Hardsigmoid]
)
