"""The graphs that a query can be judged by, and the queries that select nothing in them."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable, Iterator
from typing import TypeVar

from fxlens.checks.query_patterns import passes_as_pattern
from fxlens.engine.analysis import CallAnalysis
from fxlens.explanations import modes_with
from fxlens.graph import ModelGraph
from fxlens.source.model import Query, Slice

Found = TypeVar("Found")


def known_graphs(analysis: CallAnalysis, query: Query) -> tuple[ModelGraph, ...]:
    """The graphs that ``query`` selects from, or none unless all of them are known, current and traced in its modes.

    A model that hooks read for the call counts as traced.

    With one graph missing nothing may be called wrong: the name may belong to just that model. The same holds where not
    everything was looked at.
    """
    if query.uncertain or not analysis.call.complete:
        return ()
    graphs = [state.current_graph for state in analysis.models_of(query)]
    answering = tuple(analysis.answering(graph) for graph in graphs if graph and analysis.knows(graph, query.modes))
    return answering if len(answering) == len(graphs) else ()


def only_graph(analysis: CallAnalysis, query: Query) -> ModelGraph | None:
    """The graph that ``query`` selects from, if there is exactly one; with several, which of them runs is unknown."""
    graphs = {id(graph): graph for graph in known_graphs(analysis, query)}
    return next(iter(graphs.values())) if len(graphs) == 1 else None


def found_on_every_way(
    analysis: CallAnalysis, query: Query, find: Callable[[tuple[str, ...]], Found | None]
) -> Found | None:
    """What ``find`` finds in the texts that are asked together with ``query``, if it does on every way to the call.

    On one way of several it may be right, and nobody knows which of them a run takes.
    """
    first: Found | None = None
    for together in analysis.call.asked_with(query):
        answer = find(together)
        if answer is None:
            return None
        first = first if first is not None else answer
    return first


def missing_queries(analysis: CallAnalysis) -> Iterator[tuple[Query, ModelGraph]]:
    """The queries that select nothing in one of their modes, whatever model the call gets; and a model to say why."""
    for query in analysis.call.queries:
        graphs = known_graphs(analysis, query)
        if not query.text.strip() or not query.closed or not graphs:
            continue
        if any(query.text in mode_graph.inner for graph in graphs for mode_graph in graph.traced()):
            continue  # it gets a node where it is requested
        if any(set(query.modes) <= set(modes_with(graph, query.text)) for graph in graphs):
            continue
        if any(graph.backend == "record" and _may_be_recorded(graph, query.text) for graph in graphs):
            continue
        if analysis.call.dialect == "fxlens" or not passes_as_pattern(graphs[0], query.text, query.modes):
            yield query, graphs[0]


def _may_be_recorded(graph: ModelGraph, query: str) -> bool:
    """Whether ``query`` may name an operation that runs in some module: which do is told by the input alone."""
    scope, _, label = query.rpartition(".")
    paths = {*graph.modules_by_path, *(alias.path for alias in graph.aliases)}
    return label.isidentifier() and (not scope or scope in paths)


def attribute_path(model: Slice) -> str:
    """By which attributes the model is taken from another: ``backbone.body`` for ``Net().backbone.body``.

    A model in a variable is looked up in the last statement of the slice that sets it.
    """
    expression = _parsed(model.model)
    if isinstance(expression, ast.Name):
        values = [value for statement in model.statements if (value := _assigned(statement.text, expression.id))]
        expression = values[-1] if values else expression
    names: list[str] = []
    while isinstance(expression, ast.Attribute):
        names.insert(0, expression.attr)
        expression = expression.value
    return ".".join(names)


def _parsed(text: str) -> ast.expr | None:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        return None


def _assigned(statement: str, name: str) -> ast.expr | None:
    """What a statement assigns to ``name``."""
    try:
        body = ast.parse(textwrap.dedent(statement)).body
    except SyntaxError:
        return None
    for node in body:
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == name for to in node.targets):
            return node.value
    return None
