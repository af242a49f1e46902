"""How much a node computes, as torch's own counter counts it: two for each multiplication with an addition.

Counting every operation would make finding shapes slower by a half (torch hands each to Python for it). Layers and
functions of which it is clear that they count nothing are run without, and the most frequent layers by their formula.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional
from torch.utils.flop_counter import conv_flop_count, flop_registry

from fxlens.tracing.torch_private import DispatchMode, asked_directly


class FlopCounter(DispatchMode):  # type: ignore[no-untyped-call]
    """Adds up what torch's counter says of the operations that run under it."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.total = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Torch's way to keep its compiler from a mode is to import it, a second's worth. Here nothing compiles."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        formula = flop_registry.get(func.overloadpacket)
        if formula is not None:
            self.total += formula(*args, **(kwargs or {}), out_val=result)
        return result


def counted(node: fx.Node, modules: Mapping[str, nn.Module], run: Callable[[], Any], args: Any) -> tuple[Any, int]:
    """What ``run`` returns, which executes ``node`` with the positional ``args``, and what that computes."""
    if _counts_nothing(node, modules):
        return run(), 0
    module = modules[str(node.target)] if node.op == "call_module" else None
    if type(module) in _BY_FORMULA and len(args) == 1 and isinstance(args[0], torch.Tensor):
        result = run()
        if isinstance(result, torch.Tensor):
            with asked_directly():
                flops = _by_formula(module, args[0], result)
            if flops is not None:
                return result, flops
    with FlopCounter() as counter:
        return run(), counter.total


def _by_formula(module: Any, tensor: torch.Tensor, result: torch.Tensor) -> int | None:
    if result.dim() != tensor.dim():
        return None
    if type(module) is nn.Linear:
        # Of the result: what the layer was given may be an argument of the command line that nobody knows.
        return 2 * tensor.numel() * result.shape[-1]
    if tensor.dim() != module.weight.dim():
        return None  # no batch: torch adds one
    return int(conv_flop_count(list(tensor.shape), list(module.weight.shape), list(result.shape)))


def _counts_nothing(node: fx.Node, modules: Mapping[str, nn.Module]) -> bool:
    if node.op == "call_module":
        kind = type(modules[str(node.target)])
        return kind.__module__ in _FREE_HOMES or kind in _FREE_LAYERS
    if node.op == "call_method":
        return node.target in _FREE_METHODS
    return node.target in _FREE_FUNCTIONS


_BY_FORMULA = frozenset([nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d])
_FREE_LAYERS = frozenset([nn.Identity, nn.Flatten, nn.LayerNorm, nn.GroupNorm])
_FREE_HOMES = frozenset(f"torch.nn.modules.{name}" for name in ("batchnorm", "dropout", "pooling"))
_METHODS = """
add add_ sub mul mul_ mean softmax relu relu_ clone contiguous float to view reshape flatten unflatten permute transpose
squeeze unsqueeze expand type_as chunk split unbind size dim
"""
_FREE_METHODS = frozenset(_METHODS.split())
_FREE_FUNCTIONS: frozenset[Any] = frozenset(
    [
        *(operator.add, operator.iadd, operator.sub, operator.mul, operator.imul, operator.truediv, operator.floordiv),
        *(operator.neg, operator.mod, operator.eq, operator.ne, operator.gt, operator.ge, operator.lt, operator.le),
        *(operator.getitem, getattr, torch.add, torch.mul, torch.relu, torch.sigmoid, torch.softmax, torch.cat),
        *(torch.flatten, torch.reshape, torch.permute, functional.relu, functional.gelu, functional.silu),
        *(functional.dropout, functional.batch_norm, functional.layer_norm, functional.pad, functional.softmax),
        *(functional.max_pool2d, functional.avg_pool2d, functional.adaptive_avg_pool2d),
    ]
)
