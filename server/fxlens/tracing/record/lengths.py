"""How many items a traced value has, where that is written in the program: ``for part in x.chunk(4)``."""

from __future__ import annotations

from typing import Any

from torch import fx, nn

_TWO = frozenset({"topk", "sort", "kthvalue", "mode", "frexp", "slogdet", "qr", "eigh", "lstsq", "aminmax"})
_SAME = frozenset({"contiguous", "clone", "detach", "relu", "to", "float", "half", "add", "mul", "sub", "div"})


def known_length(node: fx.Node, modules: dict[str, nn.Module]) -> int | None:
    """The number of items of ``node``, or ``None``. That of ``chunk`` is taken to be the one that it is given."""
    if node.op == "call_module":
        module = modules.get(str(node.target))
        return 2 if isinstance(module, (nn.RNNBase, nn.MultiheadAttention)) else None
    name = _name(node)
    arguments: Any = list(node.args)
    if name == "meshgrid":
        operands = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], (tuple, list)) else arguments
        return len(operands)
    if name in ("chunk", "tensor_split", "hsplit", "vsplit", "dsplit"):
        count: Any = _argument(node, 1, "chunks", "indices_or_sections", "sections", "indices")
        return count if isinstance(count, int) else len(count) + 1 if isinstance(count, (tuple, list)) else None
    if name in ("split", "split_with_sizes"):
        sizes: Any = _argument(node, 1, "split_size", "split_size_or_sections", "split_sizes")
        if isinstance(sizes, (tuple, list)):
            return len(sizes)
        size = _size(node.args[0], _argument(node, 2, "dim"))
        return -(-size // sizes) if isinstance(sizes, int) and sizes > 0 and size is not None else None
    if name == "unbind":
        return _size(node.args[0], _argument(node, 1, "dim"))
    if name in ("max", "min", "median", "std_mean", "var_mean") and _argument(node, 1, "dim") is not None:
        return 2
    if name in _TWO:
        return 2
    return _size(node, 0) if node.op in ("call_function", "call_method") else None


def _name(node: fx.Node) -> str:
    if node.op == "call_method":
        return str(node.target)
    home = str(getattr(node.target, "__module__", None) or "torch").partition(".")[0]
    return getattr(node.target, "__name__", "") if node.op == "call_function" and home in ("torch", "_operator") else ""


def _argument(node: fx.Node, position: int, *names: str) -> Any:
    if len(node.args) > position:
        return node.args[position]
    return next((node.kwargs[name] for name in names if name in node.kwargs), None)


def _size(value: Any, dim: Any) -> int | None:
    """The size of a dimension, where a ``view`` or ``stack`` before says it."""
    sizes = _sizes(value) if isinstance(value, fx.Node) else None
    at = 0 if dim is None else dim
    if sizes is None or not isinstance(at, int) or not -len(sizes) <= at < len(sizes):
        return None
    return sizes[at]


def _sizes(node: fx.Node) -> list[int | None] | None:
    """The sizes of a tensor as far as they are written, or ``None`` if not even their number is."""
    name = _name(node)
    args: Any = node.args
    if name in ("view", "reshape"):
        shape: Any = _several(args[1:]) or node.kwargs.get("shape") or node.kwargs.get("size")
        return [size if isinstance(size, int) and size >= 0 else None for size in shape] if _is_list(shape) else None
    before = _sizes(args[0]) if args and isinstance(args[0], fx.Node) else None
    if name == "stack" and args and _is_list(args[0]):
        items: Any = args[0]
        inner = next((sizes for item in items if isinstance(item, fx.Node) and (sizes := _sizes(item))), None)
        dim = _argument(node, 1, "dim") or 0
        if dim == 0:
            return [len(items), *(inner or [])]
        return [*inner[:dim], len(items), *inner[dim:]] if inner and isinstance(dim, int) and dim > 0 else None
    if before is None:
        return None
    if name == "permute":
        order: Any = _several(args[1:]) or node.kwargs.get("dims")
        is_plain = _is_list(order) and len(order) == len(before) and all(isinstance(at, int) for at in order)
        return [before[at] for at in order] if is_plain else None
    if name in ("transpose", "swapaxes") and len(args) == 3 and all(isinstance(at, int) for at in args[1:]):
        first, second = args[1:]
        before[first], before[second] = before[second], before[first]
        return before
    return before if name in _SAME and len(node.all_input_nodes) == 1 else None


def _several(values: Any) -> Any:
    """``view(1, 2)`` and ``view((1, 2))`` mean the same."""
    return values[0] if len(values) == 1 and _is_list(values[0]) else values


def _is_list(value: Any) -> bool:
    return isinstance(value, (tuple, list))
