"""A leaf module that runs several times: its plain name is its first run."""

from __future__ import annotations

from collections.abc import Iterator

from fxlens.checks.fixes import replacements
from fxlens.checks.graphs import only_graph
from fxlens.checks.problem import Problem, Rule
from fxlens.checks.text import SourceText
from fxlens.engine.analysis import CallAnalysis
from fxlens.graph import ModelGraph
from fxlens.module_calls import times
from fxlens.queries import index
from fxlens.source.model import Query


def check(analysis: CallAnalysis, _text: SourceText) -> Iterator[Problem]:
    for query in analysis.call.queries:
        graph = only_graph(analysis, query)
        runs = _runs(graph, query) if graph else []
        if len(runs) > 1:
            others = ", ".join(f"`{name}`" for name in runs[1:4]) + (" …" if len(runs) > 4 else "")
            rest = "The others are" if len(runs) > 2 else "The other is"
            message = f"`{query.text}` runs {times(len(runs))}, and this is its first run. {rest} {others}."
            fixes = replacements(query, (runs[-1],), "Request the last run, `{}`", sure=False)
            yield Problem(RULE.code, query.span, message, fixes)


def _runs(graph: ModelGraph, query: Query) -> list[str]:
    """The nodes that call the module of the query's path, if the query is the first of them."""
    mode_graph = next((seen for mode in query.modes if (seen := graph.seen(mode))), None)
    node = index(mode_graph).by_name.get(query.text) if mode_graph else None
    if mode_graph is None or node is None or node.op != "call_module" or node.target != query.text:
        return []
    return [other.name for other in mode_graph.nodes if other.op == "call_module" and other.target == node.target]


RULE = Rule(
    code="repeated-module",
    severity="information",
    summary="The module runs several times; the name is its first run.",
    why="""\
A module that `forward` calls several times has one node for each run: `relu`, `relu_1`, `relu_2`. The plain
name is the first run, often not the output of the block.
""",
    wrong="""\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(), ["layer1.0.relu"])  # not the output of layer1.0
""",
    remedy="If you want a later run, use its name; for the output of a block, use the block's own path.",
    right="""\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(), ["layer1.0"])
""",
    check=check,
)
