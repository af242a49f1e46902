"""Which queries select what the calls of a module returned."""

from __future__ import annotations

from fxlens.graph import GraphNode, ModeGraph, ModelGraph
from fxlens.queries import index, later_call_names


def call_queries(graph: ModelGraph, mode_graph: ModeGraph, path: str) -> list[str | None]:
    """For each call of a module, the query that selects what that call returned, if there is one."""
    leaf = [node.name for node in mode_graph.nodes if calls_module(node, path)]
    if leaf:
        return [*leaf]
    returned = mode_graph.returned.get(path, ())
    if graph.dialect == "fxlens" and returned:
        taken = {*index(mode_graph).last_under, *mode_graph.returned}
        return [path, *later_call_names(path, len(returned), taken)]
    return [name if name and _selects_itself(mode_graph, name) else None for name in returned]


def _selects_itself(mode_graph: ModeGraph, name: str) -> bool:
    node = index(mode_graph).select(name)
    return node is not None and node.name == name


def tensors_calling(graph: ModelGraph, module_path: str) -> list[str]:
    """The nodes of a leaf module's calls; where they yield tuples, the tensors that are taken out of these.

    Nothing where a call is indexed and the values are not known, or not yet: that may be a tuple or a tensor, and its
    items None.
    """
    queries: dict[str, None] = {}
    for mode_graph in graph.traced():
        calls = {at for at, node in enumerate(mode_graph.nodes) if calls_module(node, module_path)}
        parts = [
            node for node in mode_graph.nodes if node.target == "operator.getitem" and calls.issuperset(node.inputs)
        ]
        if parts and any(mode_graph.nodes[at].value is None for at in calls):
            continue
        for nodes in ([mode_graph.nodes[at] for at in sorted(calls)], parts):
            tensors = [node.name for node in nodes if node.name not in index(mode_graph).plumbing]
            if tensors:
                queries.update(dict.fromkeys(tensors))
                break
    return list(queries)


def calls_module(node: GraphNode, module_path: str) -> bool:
    """Whether the node is a call of the leaf module at that path."""
    return node.op == "call_module" and node.target == module_path


def ordinal(number: int) -> str:
    """``first`` for 0.

    Example:
        >>> [ordinal(number) for number in (0, 1, 2, 21)]
        ['first', 'second', 'third', '22nd']
    """
    words = ("first", "second", "third", "fourth", "fifth")
    if number < len(words):
        return words[number]
    count = number + 1
    ending = "th" if 10 < count % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return f"{count}{ending}"


def times(count: int) -> str:
    """How often, in words.

    Example:
        >>> [times(count) for count in (1, 2, 3)]
        ['once', 'twice', '3 times']
    """
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
