"""What a node reads of its input around each position: the window of a convolution, of a pooling, of one position.

Only operations whose window is certain have one. A subclass that runs other code than its base has none, and neither
has an operation that reads all positions (attention, a mean), or that nobody described here:
:mod:`fxlens.receptive_fields` says what follows from that.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional

from fxlens.graph import Value, Window, Windows
from fxlens.tracing.record.inplace import apply_in_place

HERE: Windows = ((0, 0, 1), (0, 0, 1))
"""The position itself: what activations, additions and the like read."""

_LAYERS = """
BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm Identity LocalResponseNorm
Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout
CELU ELU GELU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid Mish PReLU ReLU ReLU6 RReLU SELU SiLU
Sigmoid Softplus Softshrink Softsign Tanh Tanhshrink Threshold
"""
_NAMES = """
add sub rsub mul div true_divide neg negative pow abs exp expm1 log log1p sqrt rsqrt square sign erf reciprocal
relu relu6 silu gelu hardtanh hardswish hardsigmoid sigmoid tanh softplus softsign logsigmoid mish elu celu selu
leaky_relu prelu rrelu threshold clamp clip clamp_min clamp_max maximum minimum where lerp addcmul addcdiv
dropout dropout1d dropout2d dropout3d alpha_dropout feature_dropout batch_norm local_response_norm clone detach
"""
_POINTWISE: frozenset[type[nn.Module]] = frozenset(
    kind for name in _LAYERS.split() if (kind := getattr(nn, name, None)) is not None
)
"""Of a normalisation, this is what it reads beside its statistics; those of a batch norm are constants in eval mode."""
_PADS = frozenset([nn.ZeroPad2d, nn.ConstantPad2d, nn.ReflectionPad2d, nn.ReplicationPad2d])
_POINTWISE_NAMES = _NAMES.split()
_OPERATORS = ["add", "sub", "mul", "truediv", "pow", "neg", "pos", "abs", "iadd", "isub", "imul", "itruediv", "ipow"]
_POINTWISE_METHODS = frozenset(
    [
        *_POINTWISE_NAMES,
        *(f"{name}_" for name in _POINTWISE_NAMES),
        *(
            "contiguous",
            "to",
            "float",
            "double",
            "half",
            "bfloat16",
            "type",
            "type_as",
            "cpu",
            "cuda",
            "requires_grad_",
        ),
    ]
)
_POINTWISE_FUNCTIONS: frozenset[Any] = frozenset(
    function
    for home, names in ((torch, _POINTWISE_METHODS), (functional, _POINTWISE_METHODS), (operator, _OPERATORS))
    for name in names
    if callable(function := getattr(home, name, None))
)


def window_of(node: fx.Node, modules: Mapping[str, nn.Module], values: Mapping[fx.Node, Value]) -> Windows | None:
    """The window of ``node`` along height and width, if that is certain.

    Args:
        node: a node of a traced graph.
        modules: the model's modules by their paths.
        values: what is known of the values of nodes: the weight of a function tells the size of its kernel.
    """
    if node.op == "call_module":
        module = modules.get(str(node.target))
        return None if module is None else _of_module(module)
    target: Any = node.target
    if target in _ORDERS:
        return _of_order(node, values)
    if node.op == "call_method":
        return HERE if target in _POINTWISE_METHODS else None
    if node.op != "call_function":
        return None
    if target in _FUNCTIONS:
        return _of_call(target, node, values)
    if target is apply_in_place:
        return HERE if node.args[1] in _OPERATORS else None
    return HERE if target in _POINTWISE_FUNCTIONS or _is_stochastic_depth(target) else None


def _is_stochastic_depth(function: Any) -> bool:
    """torchvision's, of which tracing makes a node; torchvision need not be there."""
    return getattr(function, "__module__", "") == "torchvision.ops.stochastic_depth"


def _of_module(module: nn.Module) -> Windows | None:
    kind = type(module)
    if kind in _POINTWISE:
        return HERE
    if isinstance(module, (nn.Conv1d, nn.Conv2d, nn.Conv3d)):
        return _of_convolution(module)
    if kind in _PADS:
        return _of_padding(getattr(module, "padding", None), "")
    if isinstance(module, (nn.MaxPool2d, nn.AvgPool2d, nn.MaxPool3d, nn.AvgPool3d)) and _runs_its_base(module):
        ones = getattr(module, "dilation", 1)
        return _windows(module.kernel_size, module.stride, module.padding, ones)
    if isinstance(module, nn.Sequential) and kind.forward is nn.Sequential.forward:
        parts = [_of_module(part) for part in module]
        windows = [part for part in parts if part is not None]
        return reduce(_behind, windows, HERE) if len(windows) == len(parts) else None
    if isinstance(module, nn.LayerNorm) and kind is nn.LayerNorm:
        return HERE if len(module.normalized_shape) == 1 else None
    home = f"{kind.__module__}.{kind.__qualname__}"
    return HERE if home in _LIBRARIES else None


_LIBRARIES = frozenset(
    [
        "torchvision.ops.misc.FrozenBatchNorm2d",
        "torchvision.ops.stochastic_depth.StochasticDepth",
        "torchvision.models.convnext.LayerNorm2d",
        "timm.layers.drop.DropPath",
        "timm.layers.norm_act.BatchNormAct2d",
        "timm.layers.norm_act.FrozenBatchNormAct2d",
    ]
)
"""Layers of libraries, which need not be there, that read one position."""


def _of_convolution(module: nn.Conv1d | nn.Conv2d | nn.Conv3d) -> Windows | None:
    base = next(kind for kind in (nn.Conv1d, nn.Conv2d, nn.Conv3d) if isinstance(module, kind))
    own_code = any(getattr(type(module), name) is not getattr(base, name) for name in ("forward", "_conv_forward"))
    if base is nn.Conv1d or own_code or module.padding_mode == "circular":
        return None
    return _windows(module.kernel_size, module.stride, module.padding, module.dilation)


def _runs_its_base(module: nn.Module) -> bool:
    """Whether the class of ``module`` runs the code of torch's class that it is or inherits from."""
    return type(module).forward.__module__ == "torch.nn.modules.pooling"


def _windows(kernel: Any, stride: Any, padding: Any, dilation: Any) -> Windows | None:
    """Along height and width, the last two axes; ``None`` if anything is not a plain number."""
    axes = []
    for axis in (-2, -1):
        size, step, apart = _at(kernel, axis), _at(kernel if stride is None else stride, axis), _at(dilation, axis)
        if size is None or step is None or apart is None:
            return None
        reach = apart * (size - 1)
        before = {"same": reach // 2, "valid": 0}.get(padding) if isinstance(padding, str) else _at(padding, axis)
        if before is None:
            return None
        axes.append((-before, reach - before, step))
    return axes[0], axes[1]


def _at(sizes: Any, axis: int) -> int | None:
    if isinstance(sizes, Sequence) and not isinstance(sizes, str):
        sizes = sizes[axis] if len(sizes) >= -axis else sizes[0] if len(sizes) == 1 else None
    return sizes if type(sizes) is int else None


def _behind(first: Windows, second: Windows) -> Windows:
    """What ``second`` reads through ``first``."""
    height, width = (_axis_behind(*both) for both in zip(first, second, strict=True))
    return height, width


def _axis_behind(first: Window, second: Window) -> Window:
    low, high, step = first
    return low + second[0] * step, high + second[1] * step, step * second[2]


def _of_call(function: Any, node: fx.Node, values: Mapping[fx.Node, Value]) -> Windows | None:
    """The window of a function that is called with it in its arguments."""
    names = _FUNCTIONS[function]
    if len(node.args) > len(names):
        return None
    arguments: dict[str, Any] = {**dict(zip(names, node.args, strict=False)), **node.kwargs}
    if function is functional.pad:
        return _of_padding(arguments.get("pad"), arguments.get("mode", "constant"))
    if function is functional.layer_norm:
        shape = arguments.get("normalized_shape")
        return HERE if isinstance(shape, (tuple, list)) and len(shape) == 1 else None
    kernel = arguments.get("kernel_size")
    if "weight" in names:
        weight = values.get(arguments["weight"]) if isinstance(arguments.get("weight"), fx.Node) else None
        kernel = weight.shape[2:] if weight is not None and weight.shape is not None else None
    stride = arguments.get("stride", 1 if "weight" in names else None)
    return _windows(kernel, stride, arguments.get("padding", 0), arguments.get("dilation", 1))


def _of_order(node: fx.Node, values: Mapping[fx.Node, Value]) -> Windows | None:
    """Another order of axes, of which height and width stay the last two: shuffled channels."""
    tensor, *numbers = node.args
    value = values.get(tensor) if isinstance(tensor, fx.Node) else None
    if value is None or value.shape is None or node.kwargs:
        return None
    axes = numbers[0] if len(numbers) == 1 and isinstance(numbers[0], (tuple, list)) else numbers
    rank = len(value.shape)
    if not all(type(axis) is int for axis in axes):
        return None
    order = [axis % rank for axis in axes if isinstance(axis, int)]
    if len(order) == rank:
        return HERE if order[-2:] == [rank - 2, rank - 1] else None
    return HERE if len(order) == 2 and max(order) < rank - 2 else None


_ORDERS: frozenset[Any] = frozenset(["permute", "transpose", torch.permute, torch.transpose])


def _of_padding(pad: Any, mode: Any) -> Windows | None:
    """Padding at the left and at the top moves what the first position reads; at the other sides it moves nothing."""
    sizes = tuple(pad) if isinstance(pad, (tuple, list)) else ()
    if mode == "circular" or len(sizes) not in (2, 4) or not all(type(size) is int for size in sizes):
        return None
    left, top = sizes[0], sizes[2] if len(sizes) == 4 else 0
    return (-top, -top, 1), (-left, -left, 1)


_CONVOLVES = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
_POOLS = ("input", "kernel_size", "stride", "padding", "dilation")
_FUNCTIONS: dict[Any, tuple[str, ...]] = {
    functional.conv2d: _CONVOLVES,
    functional.conv3d: _CONVOLVES,
    functional.max_pool2d: (*_POOLS, "ceil_mode", "return_indices"),
    functional.max_pool3d: (*_POOLS, "ceil_mode", "return_indices"),
    torch.max_pool2d: (*_POOLS, "ceil_mode"),
    functional.avg_pool2d: (*_POOLS[:4], "ceil_mode", "count_include_pad", "divisor_override"),
    functional.avg_pool3d: (*_POOLS[:4], "ceil_mode", "count_include_pad", "divisor_override"),
    functional.pad: ("input", "pad", "mode", "value"),
    functional.layer_norm: ("input", "normalized_shape", "weight", "bias", "eps"),
}
"""The positional arguments of functions that take their window as arguments."""
