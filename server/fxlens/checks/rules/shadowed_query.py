"""A query whose node another query of the same call takes: a node satisfies one query only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from fxlens.checks.graphs import found_on_every_way, only_graph
from fxlens.checks.problem import Problem, Rule
from fxlens.checks.text import SourceText
from fxlens.engine.analysis import CallAnalysis
from fxlens.graph import ModelGraph
from fxlens.queries import index, select_all
from fxlens.source.model import Query


def check(analysis: CallAnalysis, _text: SourceText) -> Iterator[Problem]:
    call = analysis.call
    if call.keeps_values:  # Each query has its own node.
        return
    for query in dict.fromkeys(call.queries):
        graph = only_graph(analysis, query)
        shadow = found_on_every_way(analysis, query, partial(_shadow, graph, query)) if graph else None
        if shadow:
            yield Problem(RULE.code, query.span, shadow)


def _shadow(graph: ModelGraph, query: Query, together: Sequence[str]) -> str | None:
    for mode in query.modes:
        mode_graph = graph.of(mode)
        if mode_graph is None:
            continue
        alone = index(mode_graph).select(query.text)
        chosen = select_all(mode_graph, together, graph.dialect)
        got = chosen.get(query.text)
        if alone is None or got is alone:
            continue
        thief = next((text for text, node in chosen.items() if node is alone), None)
        instead = f"it gets `{got.name}` instead" if got else "its key will be missing from the result"
        return (
            f"`{thief}` takes the node `{alone.name}` of `{query.text}`: a node answers one query only, so {instead}."
        )
    return None


RULE = Rule(
    code="shadowed-query",
    severity="warning",
    summary="Another query of the call takes its node: wrong tensor or missing key.",
    why="""\
torchvision goes through the nodes from the last to the first and gives each to the first query that fits. Of
overlapping queries such as `layer4` and `layer4.1` one gets a different node from the one it would get alone, or
none. Nothing raises.
""",
    wrong="""\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(), ["layer4", "layer4.1"])  # "layer4.1" is layer4.1.add
""",
    remedy="""\
Request each node once, by its full name; or use `fxlens.create_feature_extractor`, where every query has its
own answer.
""",
    right="""\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(), ["layer3", "layer4"])
""",
    check=check,
)
