"""Cuts a traced graph down to what some values need, and returns these as they were when they were made."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import fx, nn

from fxlens.tracing.contexts import Contexts, ContextWriter
from fxlens.tracing.effects import Effects
from fxlens.tracing.values import Unread, copy_of, nodes_in, parts_of, rebuild


@dataclass(frozen=True)
class Wanted:
    """A value that a graph shall return: its structure of nodes, as it is right after the node ``after`` has run."""

    value: Any
    after: fx.Node


@dataclass(frozen=True)
class Pruned:
    """A pruned graph, and the constant tensors that only its output needs, by attribute name."""

    graph: fx.Graph
    constants: dict[str, torch.Tensor]


def prune(
    graph: fx.Graph,
    wanted: Mapping[str, Wanted],
    modules: Mapping[str, nn.Module],
    guards: frozenset[fx.Node] = frozenset(),
    contexts: Mapping[fx.Node, Contexts] = MappingProxyType({}),
) -> Pruned:
    """A new graph that returns an ``OrderedDict`` of ``wanted``, in its order, and computes nothing else.

    Kept are: the inputs, what the wanted values depend on, in-place operations that write to what a kept node reads
    later (even if nobody uses their result, where torch.fx's own elimination drops them), and ``guards``. Assertions
    go: they protect code that is no longer there. A value that a kept operation may overwrite later is copied. Every
    node runs in its ``contexts``; one that has none of its own runs where it stands.
    """
    nodes = [node for node in graph.nodes if node.op != "output"]
    effects = Effects(nodes, modules)
    at: dict[fx.Node, list[str]] = {}
    for key, want in wanted.items():
        at.setdefault(want.after, []).append(key)
    kept = _needed(nodes, effects, wanted, at, guards)
    overwritten = _overwritten(nodes, kept, effects, wanted, at)

    result = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    outputs: dict[str, Any] = {}
    constants: dict[str, torch.Tensor] = {}
    writer = ContextWriter(result)

    def part(value: Any) -> Any:
        if isinstance(value, Unread):
            value = value.node() or value
        if isinstance(value, Unread):
            return result.call_function(getattr, (copies[value.proxy.root.node], value.proxy.attr))
        if isinstance(value, torch.Tensor):
            name = f"_returned_constant{len(constants)}"
            constants[name] = value
            return result.create_node("get_attr", name)
        return copies[value] if isinstance(value, fx.Node) else value

    for node in nodes:
        if node in kept:
            if node in contexts and node.op != "placeholder":
                writer.switch(contexts[node])
            copies[node] = result.node_copy(node, copies.__getitem__)
        for key in at.get(node, ()):
            if any(isinstance(end, Unread) for end in parts_of(wanted[key].value)):
                writer.switch(contexts.get(node, ()))
            outputs[key] = rebuild(result, wanted[key].value, part)
            if key in overwritten:
                outputs[key] = result.call_function(copy_of, (outputs[key],))
    writer.switch(())
    pairs = [(key, outputs[key]) for key in wanted]
    result.output(result.call_function(OrderedDict, (pairs,)))
    return Pruned(result, constants)


def _needed(
    nodes: list[fx.Node],
    effects: Effects,
    wanted: Mapping[str, Wanted],
    at: Mapping[fx.Node, list[str]],
    guards: frozenset[fx.Node],
) -> set[fx.Node]:
    """The nodes to keep, found by walking backwards: ``read`` is the storage that later kept nodes look at."""
    kept: set[fx.Node] = set()
    needed: set[fx.Node] = set()
    read: set[fx.Node] = set()

    def need(node: fx.Node) -> None:
        needed.add(node)
        read.add(effects.storage(node))

    for node in reversed(nodes):
        for key in at.get(node, ()):
            for part in nodes_in(wanted[key].value):
                need(part)
        # Unknown code whose result nobody ever used was called for what it does to its arguments.
        writes = effects.written(node) if node.users else effects.may_be_written(node)
        if (
            node.op == "placeholder"
            or node in needed
            or node in guards
            or any(effects.storage(written) in read for written in writes)
        ):
            kept.add(node)
            for argument in node.all_input_nodes:
                need(argument)
    return kept


def _overwritten(
    nodes: list[fx.Node],
    kept: set[fx.Node],
    effects: Effects,
    wanted: Mapping[str, Wanted],
    at: Mapping[fx.Node, list[str]],
) -> set[str]:
    """The keys of the wanted values that a kept node may write to after they were made."""
    found: set[str] = set()
    written: set[fx.Node] = set()
    for node in reversed(nodes):
        for key in at.get(node, ()):
            if any(effects.storage(part) in written for part in nodes_in(wanted[key].value)):
                found.add(key)
        if node in kept:
            written.update(effects.storage(argument) for argument in effects.may_be_written(node))
    return found
