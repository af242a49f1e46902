"""Cuts a traced graph down to what some values need, and returns these as they were when they were made."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import fx, nn

from fxlens.tracing.record.aliasing import Effects
from fxlens.tracing.record.conditions import hold_condition
from fxlens.tracing.record.context_nodes import Contexts, ContextWriter
from fxlens.tracing.record.structures import Unread, copy_of, nodes_in, parts_of, rebuild


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
    *,
    may_change_it: bool = False,
    plain_output: bool = False,
) -> Pruned:
    """A graph that returns an ``OrderedDict`` of ``wanted`` (or a plain ``dict``), in its order, and no more.

    Kept are: the inputs, what the wanted values depend on, in-place operations that write to what a kept node reads
    later (even if nobody uses their result, where torch.fx's own elimination drops them), ``guards``, and the answers
    that conditions before a wanted value are held to. Assertions go: they protect code that is no longer there. A value
    that a kept operation may overwrite later is copied. Every node runs in its ``contexts``; one that has none of its
    own runs where it stands.

    It is a new graph; or, if it ``may_change_it`` and most of it is kept, ``graph`` itself, which is much cheaper.
    """
    nodes = [node for node in graph.nodes if node.op != "output"]
    effects = Effects(nodes, modules)
    at: dict[fx.Node, list[str]] = {}
    for key, want in wanted.items():
        at.setdefault(want.after, []).append(key)
    kept = _needed(nodes, effects, wanted, at, guards)
    overwritten = _overwritten(nodes, kept, effects, wanted, at)

    in_place = may_change_it and 2 * len(kept) > len(nodes)
    target = _SameGraph(graph, nodes, kept) if in_place else _NewGraph()
    outputs: dict[str, Any] = {}
    constants: dict[str, torch.Tensor] = {}
    part = _parts(target, constants)
    writer = ContextWriter(target.graph)
    for node in nodes:
        if node in kept:
            if node in contexts and node.op != "placeholder":
                target.go_before(node)
                writer.switch(contexts[node])
            target.keep(node)
        if node in at:
            target.go_after(node)
        for key in at.get(node, ()):
            if any(isinstance(end, Unread) for end in parts_of(wanted[key].value)):
                writer.switch(contexts.get(node, ()))
            outputs[key] = rebuild(target.graph, wanted[key].value, part)
            if key in overwritten:
                outputs[key] = target.graph.call_function(copy_of, (outputs[key],))
    target.go_to_end()
    writer.switch(())
    pairs = [(key, outputs[key]) for key in wanted]
    target.graph.output(dict(pairs) if plain_output else target.graph.call_function(OrderedDict, (pairs,)))
    return Pruned(target.graph, constants)


class _NewGraph:
    """A graph that grows at its end; ``copies`` are its nodes, by those that they are copies of."""

    def __init__(self) -> None:
        self.graph = fx.Graph()
        self.copies: dict[fx.Node, fx.Node] = {}

    def keep(self, node: fx.Node) -> None:
        self.copies[node] = self.graph.node_copy(node, self.copies.__getitem__)

    def go_before(self, node: fx.Node) -> None:
        """What is made next shall stand before ``node``, a kept one."""

    def go_after(self, node: fx.Node) -> None:
        """What is made next shall stand after ``node``, kept or not, and after what was made there."""

    def go_to_end(self) -> None:
        """What is made next shall come last."""


class _SameGraph(_NewGraph):
    """The traced graph itself, without what is not ``kept``."""

    def __init__(self, graph: fx.Graph, nodes: list[fx.Node], kept: set[fx.Node]) -> None:
        self.graph = graph
        self.copies = {node: node for node in kept}
        self._following: dict[fx.Node, fx.Node | None] = {}
        upcoming = None
        for node in reversed(nodes):
            self._following[node] = upcoming
            upcoming = node if node in kept else upcoming
        for node in reversed(graph.nodes):  # users before what they use
            if node not in kept:
                graph.erase_node(node)

    def keep(self, node: fx.Node) -> None:
        pass

    def go_before(self, node: fx.Node) -> None:
        self.graph.inserting_before(node)

    def go_after(self, node: fx.Node) -> None:
        following = self._following[node]
        if following is None:
            self.go_to_end()
        else:
            self.graph.inserting_before(following)

    def go_to_end(self) -> None:
        self.graph.inserting_after()


def _parts(target: _NewGraph, constants: dict[str, torch.Tensor]) -> Callable[[Any], Any]:
    """How an end of a wanted structure stands in the graph; a tensor becomes one of the ``constants``."""

    def part(value: Any) -> Any:
        if isinstance(value, Unread):
            # If something read it later, then that node is not there yet.
            return target.graph.call_function(getattr, (target.copies[value.proxy.root.node], value.proxy.attr))
        if isinstance(value, torch.Tensor):
            name = f"_returned_constant{len(constants)}"
            constants[name] = value
            return target.graph.create_node("get_attr", name)
        return target.copies[value] if isinstance(value, fx.Node) else value

    return part


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

    is_wanted = False
    for node in reversed(nodes):
        is_wanted = is_wanted or node in at
        for key in at.get(node, ()):
            for part in nodes_in(wanted[key].value):
                need(part)
        # Unknown code whose result nobody ever used was called for what it does to its arguments.
        writes = effects.written(node) if node.users else effects.may_be_written(node)
        if (
            node.op == "placeholder"
            or node in needed
            or node in guards
            or (node.target is hold_condition and is_wanted)
            or any(effects.storage(written) in read for written in writes)
        ):
            kept.add(node)
            for argument in node.all_input_nodes:
                need(argument)
            read.update(map(effects.storage, effects.read_inside(node)))
    return kept


def _overwritten(
    nodes: list[fx.Node],
    kept: set[fx.Node],
    effects: Effects,
    wanted: Mapping[str, Wanted],
    at: Mapping[fx.Node, list[str]],
) -> set[str]:
    """The keys of the wanted values that a kept node may write to after they were made."""
    overwritten: set[str] = set()
    written: set[fx.Node] = set()
    for node in reversed(nodes):
        for key in at.get(node, ()):
            if any(effects.storage(part) in written for part in nodes_in(wanted[key].value)):
                overwritten.add(key)
        if node in kept:
            written.update(effects.storage(argument) for argument in effects.may_be_written(node))
    return overwritten
