"""A query that selects a value which is not a tensor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from fxlens.checks.graphs import found_on_every_way, only_graph
from fxlens.checks.problem import Problem, Rule
from fxlens.checks.text import SourceText
from fxlens.engine.analysis import CallAnalysis
from fxlens.graph import ModelGraph, Value
from fxlens.source.model import Query


def check(analysis: CallAnalysis, _text: SourceText) -> Iterator[Problem]:
    for query in dict.fromkeys(analysis.call.queries):
        graph = only_graph(analysis, query)
        message = found_on_every_way(analysis, query, partial(_message, analysis, graph, query)) if graph else None
        if message:
            yield Problem(RULE.code, query.span, message)


def _message(analysis: CallAnalysis, graph: ModelGraph, query: Query, together: Sequence[str]) -> str | None:
    kinds = []
    for mode in query.modes:
        mode_graph = graph.seen(mode)
        node = analysis.selected(graph, mode_graph, together).get(query.text) if mode_graph else None
        if node is None or node.value is None or node.value.kind == "tensor":
            return None
        kinds.append(node)
    node = kinds[0]
    assert node.value is not None
    which = f"`{query.text}`" if node.name == query.text else f"`{query.text}` (its last node, `{node.name}`)"
    return f"{_remedy(node.value)}: {which} yields {_what(node.value)}, not a tensor."


def _what(value: Value) -> str:
    article = "an" if value.kind[:1].lower() in "aeio" else "a"
    count = f" of {len(value.items)}" if value.items else ""
    return f"{article} `{value.kind}`{count}"


def _remedy(value: Value) -> str:
    if any(item.kind == "tensor" for item in value.items):
        return "Take the tensor out of the result, or request a node that yields one alone"
    return "Request a node that yields a tensor"


RULE = Rule(
    code="non-tensor-node",
    severity="warning",
    summary="The node yields a tuple, a number or a size, not a tensor.",
    why="""\
Not every node is a tensor: an attention or recurrent layer yields a tuple, `x.shape` a `Size`, `x.size(0)` an
`int`. The extractor returns it as it is, and the code behind it fails. The same holds for a module that is read by
hooks (`fxlens.create_feature_extractor` on a model that torch.fx cannot trace).
""",
    wrong="""\
from torchvision.models import vit_b_16
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(vit_b_16(), ["encoder.layers.encoder_layer_0.self_attention"])  # a tuple
""",
    remedy="""\
Request a node that yields a tensor; `getitem` nodes take one out of a tuple. With hooks, request a module inside that
returns one.
""",
    right="""\
from torchvision.models import vit_b_16
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(vit_b_16(), ["encoder.layers.encoder_layer_0.getitem"])
""",
    check=check,
)
