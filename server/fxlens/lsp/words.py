"""The wording of nodes, modes and places in completion, hover and tree alike."""

from __future__ import annotations

from collections.abc import Iterable

from fxlens.graph import GraphNode, Mode, ModeGraph, ModelGraph, Value
from fxlens.queries import Level, how_selected, index, select_alone


def without_marks(text: str) -> str:
    """A message for a place that shows it as it is: toasts and refusals would show the marks of code.

    Example:
        >>> without_marks("`layer1` is not in the return nodes.")
        'layer1 is not in the return nodes.'
    """
    return text.replace("`", "")


def modes_phrase(modes: Iterable[Mode]) -> str:
    """``train only`` or ``eval only``; nothing for what both modes have."""
    only = tuple(modes)
    return f"{only[0]} only" if len(only) == 1 else ""


def node_phrase(node: GraphNode) -> str:
    """``Conv2d`` for a leaf module, ``add operation`` for an op, ``input``, ``parameter``."""
    if node.op == "call_module":
        return node.label
    if node.op in ("placeholder", "get_attr"):
        return node.label
    return f"{node.label} operation"


def level_phrase(level: Level, class_name: str | None) -> str:
    """What stands at one dotted level: its module class when it has inner names, else what its node is."""
    if level.inner:
        return class_name or "group"
    return node_phrase(level.node or level.last)


def selected_phrase(graph: ModelGraph, path: str, last: GraphNode) -> str:
    """What a path selects that is not a node's name: ``its last node, `layer1.1.relu_1` (ReLU)``."""
    modes = graph.views()
    if modes and modes[0].origin != "fx" and last.name != path:
        return "nothing: it is a container, which is never called itself"
    how = how_selected(graph, modes[0], path) if modes else "last"
    node = (select_alone(graph, modes[0], path) if modes else None) or last
    if how == "several":
        return "what it returns, which is not one node"
    what = "what it returns" if how == "returned" else "its last node"
    return f"{what}, `{node.name}` ({node_phrase(node)})"


def module_count(graph: ModelGraph) -> int:
    """How many modules hooks can read; what is only a container is not called."""
    return len({node.target for run in graph.runs for node in run.nodes if node.op == "call_module"})


def run_phrase(graph: ModelGraph, path: str) -> str:
    """What a run says of a module that is read by hooks: that it was not called; nothing of one that was."""
    views = graph.views()
    module = graph.modules_by_path.get(path)
    ran = [view for view in views if view.origin == "run"]
    if module is None or not ran or len(ran) < len(views) or any(module.calls(view.mode) for view in ran):
        return ""
    return "not called" if any(path in index(view).by_name for view in ran) else ""


def shape_phrase(value: Value | None) -> str:
    """``1×64×56×56`` for a tensor, ``(1×197×768, …)`` for several; nothing when unknown."""
    return value.phrase if value else ""


def input_phrase(graph: ModelGraph) -> str:
    """What the shapes are for: ``an input of 1×3×224×224 (guessed)``; nothing where no shapes are known."""
    mode_graph = next(iter(graph.views()), None)
    if mode_graph is None or not graph.input_reason:
        return ""
    if mode_graph.input:
        return f"an input of {mode_graph.input} ({graph.input_reason})"
    inputs = [node.value for node in mode_graph.nodes if node.op == "placeholder"]
    shapes = [value.phrase for value in inputs if value is not None and (value.shape is not None or value.items)]
    if not shapes:
        return ""
    what = f"an input of {shapes[0]}" if len(shapes) == 1 else f"inputs of {' and '.join(shapes)}"
    return f"{what} ({graph.input_reason})"


def module_shapes(graph: ModelGraph, path: str) -> str:
    """``1×64×56×56 → 1×256×56×56``: what goes into the module at ``path`` and comes out of it, as far as it is known.

    What goes in is what nodes inside it read from outside; sizes and flags do not count.
    """
    for mode_graph in graph.traced():
        last = select_alone(graph, mode_graph, path)
        result = shape_phrase(last.value) if last else ""
        if not result or how_selected(graph, mode_graph, path) == "several":
            continue
        read = _read_from_outside(mode_graph, path)
        return f"{', '.join(read)} → {result}" if read and all(read) else result
    return ""


def _read_from_outside(mode_graph: ModeGraph, path: str) -> list[str]:
    """The shapes of the tensors from outside that the first node in a module reads which reads any.

    What enters later is left out: it may be another branch of the network, and no argument of the module.
    """
    nodes, under = mode_graph.nodes, f"{path}."
    plumbing = index(mode_graph).plumbing
    for node in nodes:
        if node.name == path or node.name.startswith(under):
            read = [nodes[at] for at in node.inputs if nodes[at].name not in plumbing]
            outside = [each for each in read if not each.name.startswith(under)]
            if outside:
                return [shape_phrase(each.value) for each in outside]
    return []


_UNITS = ((1e12, " T"), (1e9, ""), (1e6, " M"), (1e3, " k"))


def count(number: int, billion: str = "B") -> str:
    """A number as people say it: ``25.6 M``; they have ``billion`` parameters and compute ``"G"`` FLOPs.

    Example:
        >>> count(25_557_032), count(1_000), count(12), count(8_200_000_000, "G")
        ('25.6 M', '1 k', '12', '8.2 G')
    """
    for size, unit in _UNITS:
        if number >= size:
            return f"{number / size:.3g}{unit or f' {billion}'}"
    return str(number)
