"""``torch.utils.checkpoint`` in an extractor's graph: the nodes inside a call become one node that makes it again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch.utils.checkpoint
from torch import fx

from fxlens.tracing.extract.subgraph_functions import Program, program_of
from fxlens.tracing.record.checkpoints import VALUE_INSIDE, Checkpoint, around, mark, replace_result, returned_by
from fxlens.tracing.record.context_nodes import enter_context, leave_context


def keep_checkpoints(graph: fx.Graph) -> list[tuple[Checkpoint, str]]:
    """Put the nodes inside each checkpoint of ``graph`` into one that makes the call.

    Returns:
        The checkpoints that cannot be kept, each with the reason.
    """
    present = {each: None for node in graph.nodes for each in around(node)}
    lost: list[tuple[Checkpoint, str]] = []
    for checkpoint in sorted(present, key=lambda each: -len(list(each.chain()))):  # from inside to outside
        region = _Region(graph, checkpoint)
        reason = region.obstacle()
        if reason:
            lost.append((checkpoint, reason))
        else:
            region.replace()
    return lost


def compute_once(graph: fx.Graph) -> None:
    """Put what is inside the checkpoints of ``graph``, the graph of an extractor, back in their place."""
    while True:
        call = next((node for node in graph.nodes if isinstance(node.target, Checkpointed)), None)
        if call is None:
            return
        with graph.inserting_before(call):
            result = call.target.program.copy_into(graph, call.args)
        if isinstance(result, tuple):
            for part in list(call.users):
                part.replace_all_uses_with(result[part.args[1]])
                graph.erase_node(part)
        else:
            call.replace_all_uses_with(result)
        graph.erase_node(call)
        for argument in call.all_input_nodes:
            if argument.op == "get_attr" and not argument.users:
                graph.erase_node(argument)


class _Region:
    """The nodes of a checkpoint in the graph of an extractor."""

    def __init__(self, graph: fx.Graph, checkpoint: Checkpoint) -> None:
        self._graph = graph
        self._checkpoint = checkpoint
        nodes = list(graph.nodes)
        positions = [at for at, node in enumerate(nodes) if checkpoint in around(node)]
        first, last = _with_contexts(nodes, positions[0], positions[-1])
        self._nodes = [node for node in nodes[first : last + 1] if node.op not in ("get_attr", "placeholder")]
        self._after = nodes[last + 1]
        inside = set(self._nodes)
        self._outputs = [node for node in self._nodes if any(user not in inside for user in node.users)]
        self._inputs = list(
            dict.fromkeys(each for node in self._nodes for each in node.all_input_nodes if each not in inside)
        )

    def obstacle(self) -> str:
        """Why the nodes cannot be put into a function, or ``""``."""
        if any(self._checkpoint not in returned_by(node) for node in self._outputs):
            return VALUE_INSIDE
        opened: list[fx.Node] = []
        for node in self._nodes:
            if node.target is enter_context:
                opened.append(node)
            elif node.target is leave_context and (not opened or opened.pop() is not node.args[0]):
                return "a context manager ends inside it"
        return "a context manager is entered inside it and not left" if opened else ""

    def replace(self) -> None:
        values = [node for node in self._inputs if node.op != "get_attr"]
        # What the function has without being given it: the modules and parameters of the model.
        held = [node for node in self._inputs if node.op == "get_attr"]
        paths = list(dict.fromkeys(str(node.target) for node in self._nodes if node.op == "call_module"))
        with self._graph.inserting_before(self._after):
            modules = {path: self._graph.create_node("get_attr", path) for path in paths}
            inputs = [*modules.values(), *held, *values]
            program = program_of(self._nodes, modules, inputs, self._outputs)
            call = Checkpointed(program, len(modules) + len(held), self._checkpoint.options)
            result = self._graph.call_function(call, tuple(inputs))
            parts = [result]
            if len(self._outputs) != 1:
                parts = [self._graph.call_function(_item, (result, at)) for at in range(len(self._outputs))]
        inside = set(self._nodes)
        for old, new in zip(self._outputs, parts, strict=True):
            old.replace_all_uses_with(new, lambda user: user not in inside)
            replace_result(old, new)
        if self._checkpoint.outer is not None:
            for node in {result, *parts}:
                mark(node, self._checkpoint.outer)
        for node in reversed(self._nodes):
            self._graph.erase_node(node)


def _with_contexts(nodes: list[fx.Node], first: int, last: int) -> tuple[int, int]:
    """The range of ``nodes``, with those beside it that enter and leave what is left and entered in it."""
    inside = set(nodes[first : last + 1])
    start, end = first, last
    for at in range(first - 1, -1, -1):
        if nodes[at].target is not enter_context:
            break
        if any(user in inside for user in nodes[at].users):
            start = at
    for at in range(last + 1, len(nodes)):
        if nodes[at].target is not leave_context:
            break
        if nodes[at].args[0] in inside:
            end = at
    return start, end


def _item(values: Sequence[Any], at: int) -> Any:
    return values[at]


class Checkpointed:
    """Runs a part of a graph by ``torch.utils.checkpoint.checkpoint``.

    The first ``held`` arguments are the modules and parameters of the part; the others are given to the checkpoint.
    """

    def __init__(self, program: Program, held: int, options: dict[str, Any]) -> None:
        self.program = program
        self.held = held
        self.options = options
        self.__name__ = self.__qualname__ = "checkpoint"

    def __call__(self, *args: Any) -> Any:
        held, values = args[: self.held], args[self.held :]

        def run(*inputs: Any) -> Any:
            return self.program(*held, *inputs)

        return torch.utils.checkpoint.checkpoint(run, *values, **self.options)
