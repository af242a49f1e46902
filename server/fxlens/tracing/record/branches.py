"""Where ``forward`` asks what a traced value is: ``isinstance``, ``hasattr``, ``try``. A placeholder answers otherwise.

Under our own rule a value that is a tensor answers like a tensor. With torchvision's and timm's names it answers as in
torch.fx; then the model is traced once more with a tensor's answers, and what differs is a change of behaviour.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import torch
from torch import fx, nn
from torch.fx.proxy import Attribute

from fxlens.graph import SourceLine
from fxlens.tracing.record.aliasing import NEW_TENSOR_MODULES, is_new_tensor, words
from fxlens.tracing.record.changes import LiveChange


class Question(NamedTuple):
    """A place where ``forward`` asks, or catches an error; ``nodes`` is how many nodes the graph had by then."""

    source: SourceLine
    nodes: int
    asks: Literal["class", "text", "value"] = "class"


def is_tensor(node: fx.Node, modules: Mapping[str, nn.Module]) -> bool:
    """Whether the value of ``node`` is certainly a tensor; inputs are, unless they are annotated otherwise."""
    while True:
        if node.op == "placeholder":
            default = node.args[0] if node.args else torch.empty(0)
            is_plain = not str(node.target).startswith("*") and isinstance(default, torch.Tensor)
            return is_plain and _may_be_tensor(node.type)
        if node.op == "get_attr":
            return True
        if node.op == "call_module":
            module = modules.get(str(node.target))
            return isinstance(module, NEW_TENSOR_MODULES) and not getattr(module, "return_indices", False)
        name = str(node.target) if node.op == "call_method" else getattr(node.target, "__name__", "")
        first: Any = node.args[0] if node.args else None
        if name in _SAME and isinstance(first, fx.Node):
            node = first
            continue
        return is_new_tensor(name)


def known_class(value: fx.Proxy, modules: Mapping[str, nn.Module]) -> type | None:
    """The class of a traced value, if that is certain: a tensor, what describes one, or a tuple of some.

    Example:
        >>> known_class(x.shape, {}), known_class(x.shape[0], {}), known_class(x.chunk(2), {})  # doctest: +SKIP
        (<class 'torch.Size'>, <class 'int'>, <class 'tuple'>)
    """
    if isinstance(value, Attribute):
        of: Any = value.root
        if isinstance(of, Attribute):
            return str if (of.attr, value.attr) == ("device", "type") else None
        return _DESCRIBE.get(value.attr)
    node = value.node
    if is_tensor(node, modules):
        return torch.Tensor
    if node.op == "call_function" and node.target is getattr:
        return _DESCRIBE.get(str(node.args[1]))
    name = str(node.target) if node.op == "call_method" else ""
    if node.op == "call_function" and str(getattr(node.target, "__module__", None)).partition(".")[0] != "math":
        name = getattr(node.target, "__name__", "")
    if name == "size":
        return torch.Size if len(node.args) == 1 and not node.kwargs else int
    if name == "getitem":
        return _item_class(node)
    return int if name in _NUMBERS else tuple if name in _TUPLES else None


def _item_class(node: fx.Node) -> type | None:
    of, at = node.args
    is_shape = isinstance(of, fx.Node) and (
        (of.target is getattr and of.args[1] == "shape") or (of.op == "call_method" and of.target == "size")
    )
    if not is_shape or (isinstance(of, fx.Node) and of.target == "size" and len(of.args) > 1):
        return None
    return int if isinstance(at, int) else torch.Size if isinstance(at, slice) else None


_DESCRIBE: dict[str, type] = {
    "shape": torch.Size,
    "ndim": int,
    "dtype": torch.dtype,
    "device": torch.device,
    "layout": torch.layout,
    "requires_grad": bool,
}
_NUMBERS = frozenset({"dim", "numel", "ndimension", "nelement"})
_TUPLES = frozenset({"chunk", "split", "unbind", "tensor_split", "split_with_sizes", "hsplit", "vsplit"})
_SAME = words(
    """
    getitem view reshape flatten transpose permute contiguous to float half double clone detach squeeze unsqueeze
    expand expand_as view_as type_as apply_in_place dropout unflatten cpu cuda requires_grad_
    """
)


def _may_be_tensor(annotation: Any) -> bool:
    if annotation is None or isinstance(annotation, str):
        return annotation is None or ("Tensor" in annotation.replace("NestedTensor", "") and "[" not in annotation)
    return annotation is Any or (isinstance(annotation, type) and issubclass(annotation, torch.Tensor))


def changed_branch(graph: fx.Graph, other: fx.Graph, questions: list[Question], remedy: str) -> LiveChange | None:
    """The change, if ``graph`` is another one than ``other``, which was traced with the answers of a tensor."""
    ours, theirs = [*graph.nodes], [*other.nodes]
    same = next(
        (
            at
            for at, (ours_node, their_node) in enumerate(zip(ours, theirs, strict=False))
            if not _is_same(ours_node, their_node)
        ),
        None,
    )
    if same is None:
        return None
    before = [question for question in questions if question.nodes <= same] or questions[:1]
    return LiveChange("branch", _ASKED[before[-1].asks], remedy, before[-1].source, tuple(ours[same:]))


def _is_same(ours: fx.Node, theirs: fx.Node) -> bool:
    return (
        ours.op == theirs.op
        and ours.target == theirs.target
        and str((ours.args, ours.kwargs)) == str((theirs.args, theirs.kwargs))
    )


def caught_error(graph: fx.Graph, question: Question, remedy: str) -> LiveChange:
    """The change where an error that only tracing raises is caught by ``forward``."""
    message = "this line catches an error that only tracing raises, and the graph is that of its `except` clause"
    return LiveChange("caught", message, remedy, question.source, tuple([*graph.nodes][question.nodes :]))


def lost_lookup(graph: fx.Graph, question: Question, remedy: str) -> LiveChange:
    """The change where ``forward`` goes by the text of a traced value, or looks it up, and nothing tells what it is."""
    return LiveChange("branch", _ASKED[question.asks], remedy, question.source, tuple([*graph.nodes][question.nodes :]))


_ASKED = {
    "class": "a tensor takes a different branch from this graph, at the line that asks for its class or attributes",
    "text": "this line compares the text of a traced value, which is another one when the model runs",
    "value": "this line looks up a traced value, and does not find it: it is another one when the model runs",
}
