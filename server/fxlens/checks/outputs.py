"""Rules about what comes out under which key."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from fxlens.checks.problem import Problem, Rule
from fxlens.checks.queries import only_graph
from fxlens.engine.analysis import CallAnalysis
from fxlens.graph import ModelGraph
from fxlens.queries import index
from fxlens.source.model import Query, Role


def check_repeated_modules(analysis: CallAnalysis) -> Iterator[Problem]:
    """A leaf module that runs several times: its plain name is its first run."""
    for query in analysis.call.queries:
        graph = only_graph(analysis, query)
        runs = _runs(graph, query) if graph else []
        if len(runs) > 1:
            others = ", ".join(f"`{name}`" for name in runs[1:4]) + (" …" if len(runs) > 4 else "")
            message = f"`{query.text}` runs {len(runs)} times, and this is its first run. The others are {others}."
            yield Problem(REPEATED_MODULE.code, query.span, message)


def _runs(graph: ModelGraph, query: Query) -> list[str]:
    """The nodes that call the module of the query's path, if the query is the first of them."""
    one = next((found for mode in query.modes if (found := graph.of(mode))), None)
    node = index(one).by_name.get(query.text) if one else None
    if one is None or node is None or node.op != "call_module" or node.target != query.text:
        return []
    return [other.name for other in one.nodes if other.op == "call_module" and other.target == node.target]


def check_duplicate_outputs(analysis: CallAnalysis) -> Iterator[Problem]:
    """Two queries whose results go under one key: the later one in execution order wins."""
    first: dict[tuple[Role, tuple[int, ...] | None, object], Query] = {}
    for query in analysis.call.queries:
        key = _literal(query.key)
        if key is None:
            continue
        known = first.setdefault((query.role, query.slices, key), query)
        if known.text != query.text:
            message = f"The key {query.key} is `{known.text}`'s already: only one of the two will be in the result."
            yield Problem(DUPLICATE_OUTPUT.code, query.span, message)


def _literal(text: str | None) -> str | int | None:
    """The value of a key that is a plain string or number; anything else may be another value each time."""
    try:
        value = ast.literal_eval(text) if text else None
    except (ValueError, SyntaxError):
        return None
    return value if isinstance(value, (str, int)) else None


REPEATED_MODULE = Rule(
    "repeated-module",
    "information",
    "The module runs several times; this is its first run.",
    check_repeated_modules,
)
DUPLICATE_OUTPUT = Rule("duplicate-output", "warning", "Two queries share one output key.", check_duplicate_outputs)
