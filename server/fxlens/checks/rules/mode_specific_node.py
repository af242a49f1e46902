"""A query that selects a node in one mode only, asked in both (or in the other)."""

from __future__ import annotations

from collections.abc import Iterator

from fxlens.checks.fixes import split_modes
from fxlens.checks.graphs import known_graphs, missing_queries
from fxlens.checks.problem import Problem, Rule
from fxlens.checks.text import SourceText
from fxlens.engine.analysis import CallAnalysis
from fxlens.explanations import explain_missing, modes_with
from fxlens.graph import MODES


def check(analysis: CallAnalysis, text: SourceText) -> Iterator[Problem]:
    for query, graph in missing_queries(analysis):
        having = modes_with(graph, query.text)
        if not having:
            continue
        why = explain_missing(graph, query.text, query.modes)
        if query.role == "return_nodes":
            remedy = (
                f"Pass `train_return_nodes` and `eval_return_nodes`, with this name in `{having[0]}_return_nodes` only"
            )
            fix = split_modes(analysis, text, _missing(analysis))
        else:
            remedy, fix = f"Request it in `{having[0]}_return_nodes`", None
        yield Problem(RULE.code, query.span, f"{remedy}: {why.sentence}", (fix,) if fix else ())


def _missing(analysis: CallAnalysis) -> dict[str, set[str]]:
    """The queries that each mode lacks, all models of the call taken together."""
    missing: dict[str, set[str]] = {mode: set() for mode in MODES}
    for query in analysis.call.queries:
        for graph in known_graphs(analysis, query):
            for mode in MODES:
                if mode not in modes_with(graph, query.text):
                    missing[mode].add(query.text)
    return missing


RULE = Rule(
    code="mode-specific-node",
    severity="error",
    summary="The node exists in one mode only, and both are requested.",
    why="""\
Each mode is traced, and `return_nodes` must exist in both. A node behind `if self.training:` exists in train
mode alone; the call raises `ValueError: node: … is not present in model`.
""",
    wrong="""\
from torchvision.models import googlenet
from torchvision.models.feature_extraction import create_feature_extractor

model = googlenet(init_weights=False, aux_logits=True)
create_feature_extractor(model, ["inception4a", "aux1.fc1"])
""",
    remedy="Request it by mode: use `train_return_nodes` and `eval_return_nodes`.",
    right="""\
from torchvision.models import googlenet
from torchvision.models.feature_extraction import create_feature_extractor

model = googlenet(init_weights=False, aux_logits=True)
create_feature_extractor(model, train_return_nodes=["inception4a", "aux1.fc1"], eval_return_nodes=["inception4a"])
""",
    check=check,
)
