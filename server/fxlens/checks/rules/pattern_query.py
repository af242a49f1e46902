"""A query that passes torchvision's check, which is an unescaped pattern, and then selects nothing."""

from __future__ import annotations

from collections.abc import Iterator

from fxlens.checks.graphs import only_graph
from fxlens.checks.problem import Problem, Rule
from fxlens.checks.query_patterns import passes_as_pattern
from fxlens.checks.text import SourceText
from fxlens.engine.analysis import CallAnalysis


def check(analysis: CallAnalysis, _text: SourceText) -> Iterator[Problem]:
    call = analysis.call
    if call.dialect == "fxlens":
        return
    for query in call.queries:
        graph = only_graph(analysis, query) if query.closed else None
        if graph and passes_as_pattern(graph, query.text, query.modes):
            message = (
                f"Write out the node names: `{query.text}` is checked as a pattern and selected literally, so it "
                "raises no error, selects nothing, and its key is missing."
            )
            yield Problem(RULE.code, query.span, message)


RULE = Rule(
    code="pattern-query",
    severity="error",
    summary="It passes torchvision's check as a pattern, then selects nothing.",
    why="""\
torchvision checks a query as a regular expression, and then compares literally. A query such as `layer[12]`
passes the check, selects nothing, and its key is missing from the result.
""",
    wrong="""\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(), ["layer[12]"])
""",
    remedy="Write out the node names.",
    right="""\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(), ["layer1", "layer2"])
""",
    check=check,
)
