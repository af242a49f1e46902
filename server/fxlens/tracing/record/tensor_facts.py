"""What is known of the tensors of a model before it runs: the type and the device of those that it computes with."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import fx, nn


class Facts:
    """What the parameters and buffers of a model tell of its traced values."""

    def __init__(self, root: nn.Module) -> None:
        # Not by their attributes, which are traced values now.
        self._tensors: dict[str, torch.Tensor] = {
            **dict(root.named_parameters(remove_duplicate=False)),
            **dict(root.named_buffers(remove_duplicate=False)),
        }
        self._tensor = next((each for each in self._tensors.values() if each.is_floating_point()), None)

    def answer(self, node: fx.Node) -> bool | None:
        """Whether the condition ``node`` is true; ``None`` if nothing tells."""
        compare = _COMPARED.get(node.target)
        if node.op != "call_function" or compare is None or len(node.args) != 2:
            value = self.value(node)
            return value if isinstance(value, bool) else None
        values = [self.value(each) for each in node.args]
        if None in values or type(values[0]) is not type(values[1]):
            return None
        if any(isinstance(each, torch.dtype) and not each.is_floating_point for each in values):
            return None  # The type of the model tells nothing of what takes numbers of tokens or pixels.
        return compare(values[0], values[1])

    def value(self, arg: Any) -> Any:
        """The type, device or text that ``arg`` is; ``None`` if nothing tells."""
        if isinstance(arg, (torch.dtype, torch.device, str)):
            return arg
        if not isinstance(arg, fx.Node) or not arg.args or not isinstance(arg.args[0], fx.Node):
            return None
        of, rest = arg.args[0], arg.args[1:]
        if arg.op == "call_method":
            text = self.value(of) if str(arg.target) in _OF_TEXTS else None
            plain = isinstance(text, str) and all(isinstance(each, str) for each in rest) and not arg.kwargs
            return getattr(text, str(arg.target))(*rest) if plain else None
        return self.attribute(of, str(rest[0])) if arg.target is getattr else None

    def attribute(self, of: fx.Node, name: str) -> Any:
        """What the attribute ``name`` of the value of ``of`` is; ``None`` if nothing tells."""
        if name == "dtype":
            return self._dtype(of)
        if name == "device":
            return self._device(of)
        if name in _OF_DEVICES:
            device = self._device(of)
            return None if device is None else device.type == name.removeprefix("is_")
        device = self.value(of) if name == "type" else None
        return device.type if isinstance(device, torch.device) else None

    def _device(self, node: fx.Node) -> torch.device | None:
        tensor = self._tensors.get(str(node.target)) if node.op == "get_attr" else self._tensor
        if tensor is None:
            return None
        # Where only shapes are computed, the answers are those of the run that they stand for.
        return torch.device("cpu") if tensor.device.type == "meta" else tensor.device

    def _dtype(self, node: fx.Node) -> torch.dtype | None:
        """The type of a tensor: of a parameter its own; of inputs and results that of the model, if it is not set."""
        while node.op != "placeholder":
            if node.op == "get_attr":
                tensor = self._tensors.get(str(node.target))
                return tensor.dtype if tensor is not None else None
            stated = [each for each in (*node.args, *node.kwargs.values()) if isinstance(each, torch.dtype)]
            if stated:
                return stated[0]
            name = str(node.target) if node.op == "call_method" else getattr(node.target, "__name__", "")
            if name in _TYPES:
                return _TYPES[name]
            if name not in _SAME_TYPE or not node.all_input_nodes:
                return self._tensor.dtype if node.op == "call_module" and self._tensor is not None else None
            node = node.all_input_nodes[0]
        return self._tensor.dtype if self._tensor is not None else None


def asks_of_device(condition: fx.Node) -> bool:
    """Whether ``condition`` is about the device of a tensor, which is another one where only shapes are computed."""
    if condition.target is getattr:
        return (
            str(condition.args[1]) == "device"
            or str(condition.args[1]) in _OF_DEVICES
            or any(map(asks_of_device, condition.all_input_nodes))
        )
    is_of_text = condition.op == "call_method" and str(condition.target) in _OF_TEXTS
    is_between = is_of_text or condition.target in _BETWEEN
    return is_between and any(map(asks_of_device, condition.all_input_nodes))


_COMPARED: dict[Any, Callable[[Any, Any], bool]] = {operator.eq: operator.eq, operator.ne: operator.ne}
_BETWEEN = frozenset({*_COMPARED, operator.contains, operator.getitem, operator.or_, str, repr})
_OF_TEXTS = frozenset(name for name in dir(str) if not name.startswith("_"))
_OF_DEVICES = frozenset({"is_cpu", "is_cuda", "is_mps", "is_xpu", "is_hpu", "is_mtia", "is_ipu", "is_maia"})
_TYPES = {"float": torch.float32, "double": torch.float64, "half": torch.float16, "bfloat16": torch.bfloat16}
_TYPES |= {"long": torch.int64, "int": torch.int32, "bool": torch.bool}
_KEEP_TYPE = """
    add sub mul truediv div matmul relu gelu silu softmax layer_norm linear conv2d cat stack getitem view reshape
    flatten transpose permute contiguous clone detach squeeze unsqueeze expand dropout mean sum unfold chunk split
"""
_SAME_TYPE = frozenset(_KEEP_TYPE.split())
