"""The inputs of an extractor that was made with ``concrete_args``: as the model has them.

torch.fx takes a container in ``concrete_args`` apart: ``sizes=(2, 2)`` becomes two inputs, which its own generated code
fills when it is called (and for which that code is not Python if another argument has a default). Here the extractor
takes the container, as the model does.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import fx

from fxlens.tracing.record.default_arguments import hold, is_plain


def fix_inputs(graph: fx.Graph, concrete_args: Mapping[str, Any], values: Mapping[str, torch.Tensor]) -> None:
    """Give the inputs that ``concrete_args`` fixed back their names, and their values as defaults.

    A default that is a tensor is one of ``values`` for torch.fx, read by a node that is not Python code.
    """
    inputs = {str(node.target): node for node in graph.nodes if node.op == "placeholder"}
    for name, value in concrete_args.items():
        leaves = list(_leaves(value))
        parts = [
            inputs[part] for part in (f"{name}_{number}" for number in range(1, len(leaves) + 1)) if part in inputs
        ]
        if len(parts) != len(leaves) or not parts:
            continue
        if leaves[0][0]:
            _put_together(graph, name, value, dict(zip(parts, leaves, strict=True)))
        else:
            parts[0].target = name
            parts[0].args = () if is_traced_part(value) else (value,)
    for node in inputs.values():
        default = node.args[0] if node.args else None
        if isinstance(default, fx.Node):
            node.args = (values[str(default.target)],)
            if not default.users:
                graph.erase_node(default)


def is_traced_part(value: Any) -> bool:
    """Whether ``value`` is ``fx.PH``, which stands for a part that is not a constant."""
    return isinstance(value, type(fx.PH))  # type: ignore[attr-defined]


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The values in ``value`` with the keys and positions that lead to them, in torch.fx's order."""
    if isinstance(value, (tuple, list)) and not isinstance(value, torch.Size):
        for at, item in enumerate(value):
            yield from _leaves(item, (*path, at))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    else:
        yield path, value


def _put_together(
    graph: fx.Graph, name: str, value: Any, leaves: Mapping[fx.Node, tuple[tuple[Any, ...], Any]]
) -> None:
    """Make one input of the ``leaves`` that torch.fx has made of ``value``."""
    traced = [node for node, (_, leaf) in leaves.items() if is_traced_part(leaf)]
    with graph.inserting_before(next(iter(leaves))):
        whole = graph.placeholder(name) if traced else graph.placeholder(name, default_value=value)
    last = [node for node in graph.nodes if node.op == "placeholder"][-1]
    with graph.inserting_before(last.next):
        for node, (path, leaf) in leaves.items():
            if node in traced:
                node.replace_all_uses_with(_item(graph, whole, path))
            else:
                _erase_with_users(graph, node)
                if traced and is_plain(leaf):
                    at = "".join(f"[{key!r}]" for key in path)
                    graph.call_function(hold, (_item(graph, whole, path), f"{name}{at}", leaf))
        if not traced and is_plain(value):
            graph.call_function(hold, (whole, name, value))
    for node in traced:
        graph.erase_node(node)


def _item(graph: fx.Graph, whole: fx.Node, path: tuple[Any, ...]) -> fx.Node:
    for key in path:
        whole = graph.call_function(operator.getitem, (whole, key))
    return whole


def _erase_with_users(graph: fx.Graph, node: fx.Node) -> None:
    """Erase an input that is fixed, with torch.fx's assertions about it; nothing else uses it."""
    for user in list(node.users):
        _erase_with_users(graph, user)
    graph.erase_node(node)
