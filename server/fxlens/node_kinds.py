"""What sort of work a node does, as one letter: the colours of the graph view, and what it leaves out at first."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, TypeAlias

from fxlens.graph import GraphNode

Kind: TypeAlias = Literal["g", "i", "o", "w", "z", "c", "n", "a", "p", "l", "j", "e"]
"""Group, input, output, parameter, plumbing, convolution, normalisation, activation, pooling and resizing, linear and
attention, joining (add, cat …), and everything else."""

_PLUMBING = frozenset({"Size", "int", "bool", "NoneType", "float", "str", "dtype", "device", "slice", "layout"})

_WORDS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    ("c", ("conv",)),
    ("n", ("norm", "bn")),
    ("l", ("linear", "attention", "attn", "mlp", "matmul", "bmm", "einsum", "baddbmm", "addmm", "embedding", "lstm")),
    ("l", ("gru", "rnn", "transformer", "ffn")),
    ("p", ("pool", "upsample", "interpolate", "pixelshuffle", "pixel_shuffle", "unfold", "patch", "downsample")),
    ("a", ("elu", "relu", "sigmoid", "softmax", "swish", "silu", "tanh", "mish", "softplus", "hardtanh", "act", "glu")),
)
"""Parts of the names of classes and functions, the first that fits first: ``NormAct`` normalises."""
JOINS = frozenset({"add", "iadd", "add_", "cat", "concat", "stack", "mul", "imul", "mul_", "sub", "truediv", "div"})
"""Functions that put tensors together."""


def kind_of(node: GraphNode) -> Kind:
    """The kind of ``node``, by its operation, its value, and the words in the name of its class or function.

    Example:
        >>> kind_of(GraphNode("conv1", "call_module", "conv1", module_class="torch.nn.modules.conv.Conv2d"))
        'c'
    """
    if node.op == "placeholder":
        return "i"
    if node.op == "get_attr":
        return "w"
    if is_plumbing(node):
        return "z"
    return _kind_of_label(node.label)


def is_plumbing(node: GraphNode) -> bool:
    """Whether ``node`` yields no data of the model: a size, a number, a flag; or checks something."""
    if node.op == "placeholder":
        return False
    if node.value is not None and node.value.kind in _PLUMBING:
        return True
    return node.op == "call_function" and "assert" in node.label


def operation_text(node: GraphNode) -> str:
    """What the node does, as one would write it: a module's class, ``F.relu``, ``torch.cat``, ``.view()``.

    Example:
        >>> operation_text(GraphNode("relu", "call_function", "torch.nn.functional.relu"))
        'F.relu'
    """
    if node.op == "call_method":
        return f".{node.label}()"
    if node.op == "call_function":
        home, _, name = node.target.rpartition(".")
        if home == "torch.nn.functional":
            return f"F.{name}"
        if home in ("torch", "operator", "math", "builtins"):
            return f"{home}.{name}".removeprefix("builtins.")
    return node.label


@lru_cache(maxsize=1024)
def _kind_of_label(label: str) -> Kind:
    """A model of 50 000 nodes has a few dozen labels."""
    folded = label.casefold()
    if folded in JOINS:
        return "j"
    return next((kind for kind, words in _WORDS if any(word in folded for word in words)), "e")
