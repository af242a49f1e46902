"""Conditions on traced values that have one answer wherever the model runs well, so that ``forward`` can be traced.

torch.fx cannot trace ``if x.shape[1] != 3: raise …``, though the graph can only be that of the arm that goes on; nor
``if x.dtype != self.weight.dtype: x = x.to(…)``, though inputs have the type of the model as a rule. Under our own rule
such a condition gets its answer while tracing, and the graph holds to it: it raises for an input that has another one.
"""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any, NamedTuple

import torch
from torch import fx, nn

from fxlens.graph import SourceLine
from fxlens.tracing.asking import guarded_line, line_of
from fxlens.tracing.bytecode import RunningLine
from fxlens.tracing.sources import is_internal
from fxlens.tracing.torch_private import keep_calls_of


class Decision(NamedTuple):
    """The answer of a condition, and what is raised for an input with the other one."""

    answer: bool
    error: str
    message: str


def decide(value: fx.Proxy, root: nn.Module, frame: FrameType, outermost: CodeType) -> Decision | None:
    """The answer for the traced ``value`` that model code around ``frame`` decides by; ``None`` if it has two."""
    asking: FrameType | None = frame
    while asking is not None and is_internal(asking.f_code):
        asking = asking.f_back
    if asking is None or guarded_line(asking, outermost) is not None:
        return None
    line, source = RunningLine(asking, asking.f_lasti), line_of(asking)
    raising = line.raising_answer
    if raising is not None:
        error = _class_name(line.raised_class)
        return Decision(not raising, error, f"{source.function} raises {error} for this input ({_location(source)})")
    answer = _Facts(root).answer(value.node)
    if answer is None:
        return None
    advice = "convert the input, or pass backend='hooks' to create_feature_extractor"
    what = f"the extractor holds for inputs with which the condition at {_location(source)} is {answer}"
    return Decision(answer, "TypeError", f"{advice}: {what}")


def hold_condition(value: Any, answer: bool, error: str, message: str) -> None:
    """Raise the built-in exception ``error`` if ``value`` is not as true as ``answer``."""
    if bool(value) is not answer:
        raise getattr(builtins, error)(message)


keep_calls_of(hold_condition)


def _location(source: SourceLine) -> str:
    return f"{source.file}:{source.line}"


def _class_name(raised: Any) -> str:
    return raised.__name__ if raised in _RAISED else "RuntimeError"


_RAISED = (ValueError, TypeError, RuntimeError, AssertionError, IndexError, KeyError, NotImplementedError)


class _Facts:
    """What is known of the tensors of a model before it runs: the type and device of those that it computes with."""

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
            return None
        values = [self._value(each) for each in node.args]
        if None in values or type(values[0]) is not type(values[1]):
            return None
        if any(isinstance(each, torch.dtype) and not each.is_floating_point for each in values):
            return None  # The type of the model tells nothing of what takes numbers of tokens or pixels.
        return compare(values[0], values[1])

    def _value(self, arg: Any) -> Any:
        if isinstance(arg, (torch.dtype, torch.device, str)):
            return arg
        if not isinstance(arg, fx.Node) or arg.target is not getattr or not isinstance(arg.args[0], fx.Node):
            return None
        of, name = arg.args[0], arg.args[1]
        if name == "dtype":
            return self._dtype(of)
        if name == "device":
            return self._device(of)
        if name == "type" and of.target is getattr and of.args[1] == "device" and isinstance(of.args[0], fx.Node):
            device = self._device(of.args[0])
            return device.type if device is not None else None
        return None

    def _device(self, node: fx.Node) -> torch.device | None:
        tensor = self._tensors.get(str(node.target)) if node.op == "get_attr" else self._tensor
        return tensor.device if tensor is not None else None

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


_COMPARED: dict[Any, Callable[[Any, Any], bool]] = {operator.eq: operator.eq, operator.ne: operator.ne}
_TYPES = {"float": torch.float32, "double": torch.float64, "half": torch.float16, "bfloat16": torch.bfloat16}
_TYPES |= {"long": torch.int64, "int": torch.int32, "bool": torch.bool}
_KEEP_TYPE = """
    add sub mul truediv div matmul relu gelu silu softmax layer_norm linear conv2d cat stack getitem view reshape
    flatten transpose permute contiguous clone detach squeeze unsqueeze expand dropout mean sum unfold chunk split
"""
_SAME_TYPE = frozenset(_KEEP_TYPE.split())
