"""A part of a graph as a separate function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import fx, nn

from fxlens.tracing.extract.codegen import ExtractorCodeGen
from fxlens.tracing.extract.graph_records import graph_of, records_of


class Program:
    """A function that runs a graph; it can be copied and pickled."""

    def __init__(self, graph: fx.Graph) -> None:
        self._graph = graph
        graph.set_codegen(ExtractorCodeGen())
        code = graph.python_code("self")
        names = dict(code.globals)
        exec(compile(str(code.src), "<fxlens checkpoint>", "exec"), names)
        self._function: Callable[..., Any] = names["forward"]

    def __call__(self, *args: Any) -> Any:
        return self._function(None, *args)

    def copy_into(self, graph: fx.Graph, inputs: Sequence[Any]) -> Any:
        """Add the nodes to ``graph``, where it inserts, for nodes of it as ``inputs``; returns those of the outputs."""
        copies: dict[fx.Node, Any] = {}
        values = iter(inputs)
        for node in self._graph.nodes:
            args, kwargs = fx.map_arg((node.args, node.kwargs), copies.__getitem__)
            if node.op == "placeholder":
                copies[node] = next(values)
            elif node.op == "output":
                return args[0]
            elif node.target is call:
                module, *args = args
                copies[node] = graph.call_module(str(module.target), tuple(args), kwargs)
            else:
                copies[node] = graph.node_copy(node, copies.__getitem__)
        raise AssertionError("a graph ends with its output")

    def __getstate__(self) -> Any:
        return records_of(self._graph)

    def __setstate__(self, state: Any) -> None:
        self.__init__(graph_of(state))  # type: ignore[misc]


def program_of(
    nodes: Sequence[fx.Node],
    modules: Mapping[str, fx.Node],
    inputs: Sequence[fx.Node],
    outputs: Sequence[fx.Node],
) -> Program:
    """A function that runs ``nodes`` for values of ``inputs``, and returns those of ``outputs`` (one, or a tuple).

    ``modules`` are the inputs that are the modules which the nodes call, by path.
    """
    graph = fx.Graph()
    copies = {node: graph.placeholder(f"input_{at}") for at, node in enumerate(inputs)}
    for node in nodes:
        if node.op == "call_module":
            module = copies[modules[str(node.target)]]
            args, kwargs = fx.map_arg((node.args, node.kwargs), copies.__getitem__)
            copies[node] = graph.call_function(call, (module, *args), kwargs)
        else:
            copies[node] = graph.node_copy(node, copies.__getitem__)
    results = tuple(copies[node] for node in outputs)
    graph.output(results if len(results) != 1 else results[0])
    return Program(graph)


def call(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
    """``module(*args, **kwargs)``, as a function that a graph can call."""
    return module(*args, **kwargs)
