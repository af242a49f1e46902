"""What the operations of a graph do to memory: which results may share storage, and who writes to it.

Sharing is judged carefully: an operation that is not known to make a new tensor may return a view of its inputs.
Being wrong in that direction costs a copy, in the other it would cost a wrong value.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache
from typing import Any

from torch import fx, nn

from fxlens.paths import above
from fxlens.tracing.record.conditions import hold_condition
from fxlens.tracing.record.inplace import apply_in_place
from fxlens.tracing.record.recorded_calls import function_of
from fxlens.tracing.torch_private import CONVOLUTIONS, POOLS, RUNNING_NORMS


def words(text: str) -> frozenset[str]:
    """The words of a long text, as a set: a list of names that stays readable."""
    return frozenset(text.split())


_IN_PLACE_OPERATORS = words(
    """
    iadd iand iconcat ifloordiv ilshift imatmul imod imul ior ipow irshift isub itruediv ixor setitem delitem
    """
)

_NEW_TENSOR = words(
    """
    abs acos adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool2d add addmm all any
    arange argmax argmin asin atan avg_pool1d avg_pool2d avg_pool3d baddbmm batch_norm bernoulli bmm cat ceil
    clamp clone conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d cos cumsum div dot
    einsum elu eq erf exp flip floor floordiv full full_like gather ge gelu group_norm gt hardsigmoid hardswish
    hardtanh index_select instance_norm interpolate invert layer_norm le leaky_relu linear linspace log
    log_softmax logical_and logical_not logical_or lt masked_fill matmul max_pool1d max_pool2d max_pool3d
    maximum mean minimum mish mod mul multiply ne neg new_empty new_full new_ones new_zeros norm normalize ones
    ones_like pow prod rand rand_like randn randn_like reciprocal relu relu6 repeat roll round rsqrt
    scaled_dot_product_attention sigmoid sign silu sin softmax softplus sqrt square stack std sub sum tan tanh
    topk tril triu true_divide truediv var where zeros zeros_like dim ndim numel size stride is_floating_point
    is_contiguous get_device
    """
)
"""Functions and methods whose result never shares storage with an argument, unless they work in place."""

_NO_TENSOR = words("topk dim ndim numel size stride is_floating_point is_contiguous get_device")


def is_new_tensor(name: str) -> bool:
    """Whether the function or method ``name`` of torch returns one tensor, which is new."""
    return name in _NEW_TENSOR and name not in _NO_TENSOR


_PLAIN_ATTRIBUTES = words("shape dtype device ndim requires_grad is_cuda layout names")

NEW_TENSOR_MODULES: tuple[type[nn.Module], ...] = (
    *CONVOLUTIONS,
    *RUNNING_NORMS,
    *POOLS,
    nn.Linear,
    nn.Bilinear,
    nn.LayerNorm,
    nn.GroupNorm,
    nn.Embedding,
    *(nn.ReLU, nn.ReLU6, nn.SiLU, nn.GELU, nn.Sigmoid, nn.Tanh, nn.Softmax, nn.LogSoftmax, nn.LeakyReLU, nn.ELU),
    *(nn.Hardswish, nn.Hardsigmoid, nn.Hardtanh, nn.Mish, nn.Softplus, nn.PReLU),
)


class Effects:
    """The memory effects of all nodes of a graph.

    Args:
        nodes: the nodes, in execution order.
        modules: the modules that they call, by path.
    """

    def __init__(self, nodes: Iterable[fx.Node], modules: Mapping[str, nn.Module]) -> None:
        self._modules = modules
        self._written: dict[fx.Node, list[fx.Node]] = {}
        self._inside: dict[str, list[fx.Node]] = {}
        self._parents: dict[fx.Node, fx.Node] = {}
        reads: dict[str, fx.Node] = {}
        for node in nodes:
            self._parents[node] = node
            if node.op == "get_attr":
                self._parents[node] = reads.setdefault(str(node.target), node)
                self._note_owners(str(node.target), node)
            elif not self._makes_new_tensor(node):
                for argument in node.all_input_nodes:
                    self._parents[self.storage(argument)] = self.storage(node)

    def _note_owners(self, path: str, read: fx.Node) -> None:
        for owner in above(path):
            self._inside.setdefault(owner, []).append(read)

    def read_inside(self, node: fx.Node) -> list[fx.Node]:
        """The tensors that ``node`` reads though they are not arguments: those of the leaf module that it calls."""
        return self._inside.get(str(node.target), []) if node.op == "call_module" else []

    def storage(self, node: fx.Node) -> fx.Node:
        """One node that stands for all nodes whose results may share storage with that of ``node``."""
        root = node
        while self._parents[root] is not root:
            root = self._parents[root]
        while self._parents[node] is not root:
            self._parents[node], node = root, self._parents[node]
        return root

    def written(self, node: fx.Node) -> list[fx.Node]:
        """The arguments that ``node`` is known to write to."""
        cached = self._written.get(node)
        if cached is None:
            cached = self._written[node] = self._find_written(node)
        return cached

    def _find_written(self, node: fx.Node) -> list[fx.Node]:
        if node.op == "call_method":
            works_in_place = _names_in_place(str(node.target)) or _is_true(node.kwargs.get("inplace"))
            return _first(node) if works_in_place else _node(node.kwargs.get("out"))
        if node.op == "call_function":
            name = getattr(node.target, "__name__", "")
            if (
                node.target is apply_in_place
                or name in _IN_PLACE_OPERATORS
                or _names_in_place(name)
                or _inplace_argument(node)
            ):
                return _first(node)
            return _node(node.kwargs.get("out"))
        if node.op == "call_module":
            module = self._modules.get(str(node.target))
            return node.all_input_nodes[:1] if _is_true(getattr(module, "inplace", False)) else []
        return []

    def may_be_written(self, node: fx.Node) -> list[fx.Node]:
        """The arguments that ``node`` may write to: all of them, if it runs code that nobody has looked into."""
        return node.all_input_nodes if self.is_unknown(node) else self.written(node)

    def is_unknown(self, node: fx.Node) -> bool:
        """Whether ``node`` calls a user's module or function, traced as one node."""
        if node.op == "call_module":
            module = self._modules.get(str(node.target))
            return module is None or _has_hooks(module) or not type(module).__module__.startswith("torch.nn.")
        if node.op == "call_function":
            if function_of(node.target) is not None:
                return True
            home = getattr(node.target, "__module__", None) or "torch"
            is_torch = home.partition(".")[0] in {"torch", "_operator", "operator", "builtins", "math"}
            return not is_torch and node.target not in (apply_in_place, hold_condition)
        return False

    def _makes_new_tensor(self, node: fx.Node) -> bool:
        if self.written(node):
            return False
        if node.op == "call_module":
            module = self._modules.get(str(node.target))
            return type(module) in _exact(NEW_TENSOR_MODULES) and not _has_hooks(module)
        if node.op == "call_method":
            return str(node.target) in _NEW_TENSOR
        if node.op == "call_function":
            if node.target is getattr:
                return node.args[1] in _PLAIN_ATTRIBUTES
            return getattr(node.target, "__name__", "") in _NEW_TENSOR and not self.is_unknown(node)
        return True


@lru_cache(maxsize=1)
def _exact(classes: tuple[type[nn.Module], ...]) -> frozenset[type[nn.Module]]:
    """``classes`` and their subclasses in torch itself: a user's subclass may return anything."""
    exact, rest = set(classes), list(classes)
    while rest:
        for subclass in rest.pop().__subclasses__():
            if subclass.__module__.startswith("torch.nn.") and subclass not in exact:
                exact.add(subclass)
                rest.append(subclass)
    return frozenset(exact)


def _has_hooks(module: nn.Module | None) -> bool:
    return module is not None and bool(module._forward_hooks or module._forward_pre_hooks)  # noqa: SLF001


def _names_in_place(name: str) -> bool:
    return name.endswith("_") and not name.endswith("__")


def _inplace_argument(node: fx.Node) -> bool:
    if "inplace" in node.kwargs:
        return _is_true(node.kwargs["inplace"])
    at = _inplace_position(node.target) if callable(node.target) else None
    return at is not None and at < len(node.args) and _is_true(node.args[at])


@cache
def _inplace_position(function: Callable[..., Any]) -> int | None:
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        # Built-in functions have no signature, and none of them has an argument `inplace`.
        return None
    return names.index("inplace") if "inplace" in names else None


def _is_true(value: Any) -> bool:
    return value is True


def _first(node: fx.Node) -> list[fx.Node]:
    return node.all_input_nodes[:1]


def _node(value: Any) -> list[fx.Node]:
    if isinstance(value, (tuple, list)):
        return [item for item in value if isinstance(item, fx.Node)]
    return [value] if isinstance(value, fx.Node) else []
