"""Rules about single queries: names that select nothing, or nothing in one of the modes."""

from __future__ import annotations

from collections.abc import Iterator

from fxlens.checks.patterns import passes_as_pattern
from fxlens.checks.problem import Problem, Rule
from fxlens.checks.wording import did_you_mean, replacements
from fxlens.engine.analysis import CallAnalysis
from fxlens.explanations import explain_missing, modes_with
from fxlens.graph import ModelGraph
from fxlens.source.model import Query


def known_graphs(analysis: CallAnalysis, query: Query) -> tuple[ModelGraph, ...]:
    """The graphs ``query`` is asked of, or none unless all of them are known, current and traced in its modes.

    With one graph missing nothing may be called wrong: the name may belong to just that model.
    """
    states = analysis.models_of(query)
    graphs = [state.current_graph for state in states]
    if not graphs or (analysis.call.unresolved and query.slices is None):
        return ()
    known = tuple(graph for graph in graphs if graph and all(graph.of(mode) for mode in query.modes))
    return known if len(known) == len(graphs) else ()


def only_graph(analysis: CallAnalysis, query: Query) -> ModelGraph | None:
    """The graph ``query`` is asked of, when it is known and there is just one: with several, which runs is open."""
    graphs = {id(graph): graph for graph in known_graphs(analysis, query)}
    return next(iter(graphs.values())) if len(graphs) == 1 else None


def _missing_queries(analysis: CallAnalysis) -> Iterator[tuple[Query, ModelGraph]]:
    for query in analysis.call.queries:
        graphs = known_graphs(analysis, query)
        if not query.text.strip() or not query.closed or not graphs:
            continue
        if any(set(query.modes) <= set(modes_with(graph, query.text)) for graph in graphs):
            continue
        if analysis.call.dialect == "fxlens" or not passes_as_pattern(graphs[0], query.text, query.modes):
            yield query, graphs[0]


def check_unknown_nodes(analysis: CallAnalysis) -> Iterator[Problem]:
    for query, graph in _missing_queries(analysis):
        if modes_with(graph, query.text):
            continue
        why = explain_missing(graph, query.text, query.modes)
        message = why.sentence + did_you_mean(why.suggestions)
        yield Problem(UNKNOWN_NODE.code, query.span, message, replacements(query, why.suggestions))


def check_mode_specific_nodes(analysis: CallAnalysis) -> Iterator[Problem]:
    for query, graph in _missing_queries(analysis):
        having = modes_with(graph, query.text)
        if not having:
            continue
        why = explain_missing(graph, query.text, query.modes)
        if query.role == "return_nodes":
            remedy = (
                " Pass `train_return_nodes` and `eval_return_nodes` instead, "
                f"and ask for it in `{having[0]}_return_nodes` only."
            )
        else:
            remedy = f" Ask for it in `{having[0]}_return_nodes`."
        yield Problem(MODE_SPECIFIC_NODE.code, query.span, why.sentence + remedy)


UNKNOWN_NODE = Rule("unknown-node", "error", "The query matches nothing in any mode.", check_unknown_nodes)
MODE_SPECIFIC_NODE = Rule(
    "mode-specific-node", "error", "The query exists in one mode only.", check_mode_specific_nodes
)
