"""A query whose tensor a later in-place operation of the extractor overwrites."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from fxlens.checks.fixes import replacements
from fxlens.checks.graphs import found_on_every_way, only_graph
from fxlens.checks.problem import Problem, Rule
from fxlens.checks.pruned_graph import Extracted
from fxlens.checks.text import SourceText
from fxlens.engine.analysis import CallAnalysis
from fxlens.graph import GraphNode, ModelGraph
from fxlens.source.model import Query


def check(analysis: CallAnalysis, _text: SourceText) -> Iterator[Problem]:
    if analysis.call.keeps_values:  # Our extractor copies what would be overwritten.
        return
    for query in dict.fromkeys(analysis.call.queries):
        graph = only_graph(analysis, query) if _all_known(analysis) else None
        overwritten = found_on_every_way(analysis, query, partial(_overwritten, graph, query)) if graph else None
        if overwritten:
            name, writer = overwritten
            message = (
                f"`{name}` is overwritten before it is returned: `{writer.name}` ({writer.label}) modifies it "
                f"in place, so `{query.text}` holds the values of `{writer.name}`."
            )
            fixes = replacements(query, (writer.name,), "Request `{}`, whose values these are", sure=False)
            yield Problem(RULE.code, query.span, message, fixes, writer.source, "overwritten here")


def _all_known(analysis: CallAnalysis) -> bool:
    """Whether all queries of the call are known: another one decides which operations are left."""
    return analysis.call.names_unresolved is None


def _overwritten(graph: ModelGraph, query: Query, together: Sequence[str]) -> tuple[str, GraphNode] | None:
    for mode in query.modes:
        mode_graph = graph.of(mode)
        extracted = Extracted.of(mode_graph, together, graph.dialect) if mode_graph else None
        at = extracted.chosen.get(query.text) if extracted else None
        if mode_graph is None or extracted is None or at is None:
            continue
        writers = [other for other in extracted.kept if other > at and at in mode_graph.nodes[other].writes]
        if writers:
            return mode_graph.nodes[at].name, mode_graph.nodes[max(writers)]
    return None


RULE = Rule(
    code="overwritten-node",
    severity="information",
    summary="A later in-place operation overwrites the tensor before it is returned.",
    why="""\
An in-place layer such as `nn.ReLU(inplace=True)` writes into its input. If the extractor goes on to run it,
because another query needs it, the earlier tensor holds the later values when it is returned.
""",
    wrong="""\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(), ["bn1", "layer1"])  # "bn1" holds the values of "relu"
""",
    remedy="""\
Request a node that nothing overwrites, make the layer `inplace=False`, or use
`fxlens.create_feature_extractor`, which copies what would be overwritten.
""",
    right="""\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(), ["conv1", "layer1"])
""",
    check=check,
)
