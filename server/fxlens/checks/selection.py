"""Rules about queries that select something, but not what their text says."""

from __future__ import annotations

from collections.abc import Iterator

from fxlens.checks.patterns import passes_as_pattern
from fxlens.checks.problem import Problem, Rule
from fxlens.checks.queries import only_graph
from fxlens.checks.wording import replacements
from fxlens.engine.analysis import CallAnalysis
from fxlens.graph import GraphNode, ModelGraph
from fxlens.queries import index, select_all
from fxlens.source.model import Query


def check_misleading_nodes(analysis: CallAnalysis) -> Iterator[Problem]:
    """A leaf module's path that is the node name of another module's output (torchvision's ViT: ``ln_1``)."""
    for query in analysis.call.queries:
        graph = only_graph(analysis, query)
        found = _taken_name(graph, query) if graph else None
        if found is None:
            continue
        node, own = found
        what = f"of module `{node.target}`" if node.op == "call_module" else f"of the operation `{node.label}`"
        message = f"`{query.text}` selects the output {what}, not of module `{query.text}`."
        if own:
            message += f" That one is called `{own}` here."
        fixes = replacements(query, (own,)) if own else ()
        yield Problem(MISLEADING_NODE.code, query.span, message, fixes, node.source)


def _taken_name(graph: ModelGraph, query: Query) -> tuple[GraphNode, str | None] | None:
    """The node that bears a leaf module's path but is not its output, and the real name of that module's output."""
    module = graph.modules_by_path.get(query.text)
    if module is None or not module.leaf or not module.path:
        return None
    for one in (graph.of(mode) for mode in query.modes):
        node = index(one).by_name.get(query.text) if one else None
        if one is None or node is None or (node.op == "call_module" and node.target == query.text):
            continue
        own = next(
            (other.name for other in one.nodes if other.op == "call_module" and other.target == query.text), None
        )
        return node, own
    return None


def check_shadowed_queries(analysis: CallAnalysis) -> Iterator[Problem]:
    """A query whose node another query of the same call takes: a node satisfies one query only."""
    call = analysis.call
    if call.dialect == "fxlens":
        return
    for query in dict.fromkeys(call.queries):
        together = list(dict.fromkeys(one.text for one in call.queries if one.role == query.role))
        graph = only_graph(analysis, query)
        found = _shadow(graph, query, together) if graph else None
        if found:
            yield Problem(SHADOWED_QUERY.code, query.span, found)


def _shadow(graph: ModelGraph, query: Query, together: list[str]) -> str | None:
    for mode in query.modes:
        one = graph.of(mode)
        if one is None:
            continue
        alone = index(one).select(query.text)
        chosen = select_all(one, together, graph.dialect)
        got = chosen.get(query.text)
        if alone is None or got is alone:
            continue
        thief = next((text for text, node in chosen.items() if node is alone), None)
        instead = f"it gets `{got.name}` instead" if got else "its key will be missing from the result"
        return (
            f"`{thief}` takes the node `{alone.name}` of `{query.text}`: a node answers one query only, so {instead}."
        )
    return None


def check_pattern_queries(analysis: CallAnalysis) -> Iterator[Problem]:
    """A query that passes torchvision's check, which is an unescaped regular expression, and then selects nothing."""
    call = analysis.call
    if call.dialect == "fxlens":
        return
    for query in call.queries:
        graph = only_graph(analysis, query) if query.closed else None
        if graph and passes_as_pattern(graph, query.text, query.modes):
            message = (
                f"`{query.text}` is matched as a pattern when it is checked, but literally when nodes are chosen: "
                "it raises no error and selects nothing, so its key will be missing. Write out the node names."
            )
            yield Problem(PATTERN_QUERY.code, query.span, message)


MISLEADING_NODE = Rule(
    "misleading-node",
    "warning",
    "The name belongs to another module's output than its text says.",
    check_misleading_nodes,
)
SHADOWED_QUERY = Rule(
    "shadowed-query", "warning", "Another query of the call takes this one's node.", check_shadowed_queries
)
PATTERN_QUERY = Rule(
    "pattern-query",
    "error",
    "The query passes torchvision's check as a pattern and selects nothing.",
    check_pattern_queries,
)
