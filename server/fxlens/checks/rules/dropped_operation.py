"""An in-place operation whose result is unused, which pruning removes although a query needs its effect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from fxlens.checks.graphs import found_on_every_way, only_graph
from fxlens.checks.problem import Problem, Rule
from fxlens.checks.pruned_graph import Extracted, reads_values_of
from fxlens.checks.text import SourceText
from fxlens.engine.analysis import CallAnalysis
from fxlens.graph import GraphNode, Mode, ModeGraph, ModelGraph
from fxlens.source.model import Query


def check(analysis: CallAnalysis, _text: SourceText) -> Iterator[Problem]:
    if analysis.call.keeps_values or analysis.call.names_unresolved:  # Our extractor keeps such operations.
        return
    for query in dict.fromkeys(analysis.call.queries):
        graph = only_graph(analysis, query)
        dropped = found_on_every_way(analysis, query, partial(_dropped, graph, query)) if graph else None
        if dropped:
            node, modes = dropped
            # Random depth is traced in train mode only: who asks in eval mode gets what the model computes.
            extractor = "the extractor" if modes == query.modes else f"in {modes[0]} mode the extractor"
            message = (
                f"Use the result of `{node.name}` ({node.label}) in `forward`: {extractor} leaves out this change in "
                f"place, so `{query.text}` differs from what the model computes."
            )
            yield Problem(RULE.code, query.span, message, related=node.source, related_as="left out")


def _dropped(graph: ModelGraph, query: Query, together: Sequence[str]) -> tuple[GraphNode, tuple[Mode, ...]] | None:
    """The first operation left out, and the modes in which one is."""
    dropped = {mode: node for mode in query.modes if (node := _dropped_in(graph, mode, query, together))}
    return (next(iter(dropped.values())), tuple(dropped)) if dropped else None


def _dropped_in(graph: ModelGraph, mode: Mode, query: Query, together: Sequence[str]) -> GraphNode | None:
    mode_graph = graph.of(mode)
    extracted = Extracted.of(mode_graph, together, graph.dialect) if mode_graph else None
    at = extracted.chosen.get(query.text) if extracted else None
    if mode_graph is None or extracted is None or at is None:
        return None
    behind = extracted.values_behind(at)
    for other, node in enumerate(mode_graph.nodes[:at]):
        if other in extracted.kept or not node.writes or _overwritten_whole(mode_graph, other, at):
            continue
        if any(reader > other and reads_values_of(mode_graph.nodes[reader], node.writes) for reader in behind):
            return node
    return None


def _overwritten_whole(graph: ModeGraph, position: int, end: int) -> bool:
    """Whether a later operation replaces all that the one at ``position`` wrote, so that nobody would miss it."""
    written = set(graph.nodes[position].writes)
    return any(node.label in _REPLACE and written & set(node.writes) for node in graph.nodes[position + 1 : end])


_REPLACE = frozenset(["zero_", "fill_", "copy_", "normal_", "uniform_"])

RULE = Rule(
    code="dropped-operation",
    severity="warning",
    summary="Pruning removes an in-place operation that the query depends on.",
    why="""\
torch.fx's pruning keeps an operation only if something uses its result. An in-place operation that is written
as a statement, such as `x.add_(1)`, changes `x` all the same; without it the extractor's values differ from the
model's.
""",
    wrong="""\
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor


class Shift(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.head = nn.Conv2d(8, 4, 1)

    def forward(self, x):
        x = self.conv(x)
        x.add_(1)  # nothing uses the result
        return self.head(x)


create_feature_extractor(Shift(), ["head"])
""",
    remedy="""\
Use the result (`x = x.add_(1)`, or `x = x + 1`), or use `fxlens.create_feature_extractor`, which keeps it.
""",
    right="""\
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor


class Shift(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.head = nn.Conv2d(8, 4, 1)

    def forward(self, x):
        x = self.conv(x)
        x = x.add_(1)
        return self.head(x)


create_feature_extractor(Shift(), ["head"])
""",
    check=check,
)
