"""A query whose value, gradient or state the extractor computes otherwise than the model."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from fxlens.checks import children
from fxlens.checks.graphs import found_on_every_way, only_graph
from fxlens.checks.problem import Problem, Rule
from fxlens.checks.pruned_graph import needed
from fxlens.checks.text import SourceText
from fxlens.checks.wording import sentences
from fxlens.engine.analysis import CallAnalysis
from fxlens.graph import Change, ModelGraph
from fxlens.queries import select_all
from fxlens.source.model import Query


def check(analysis: CallAnalysis, text: SourceText) -> Iterator[Problem]:
    if analysis.call.dialect == "children":
        yield from children.changed(analysis, text, RULE.code)
        return
    if analysis.call.function != "create_feature_extractor":
        return
    seen: set[str] = set()
    for query in dict.fromkeys(analysis.call.queries):
        graph = only_graph(analysis, query)
        if graph is None or query.uncertain:
            continue
        for change in _changes(graph, query):
            is_asked = found_on_every_way(analysis, query, partial(_holds, query))
            if is_asked and change.message not in seen:
                seen.add(change.message)
                message = sentences(change.message, change.remedy)
                yield Problem(RULE.code, query.span, message, (), change.source, "lost or changed by tracing")


def _holds(query: Query, together: tuple[str, ...]) -> bool | None:
    return True if query.text in together else None


def _changes(graph: ModelGraph, query: Query) -> Iterator[Change]:
    """What concerns ``query``, first what does in its first mode."""
    for mode in query.modes:
        mode_graph = graph.of(mode)
        if mode_graph is None:
            continue
        if query.text in mode_graph.inner:
            yield Change(
                "function",
                f"`{query.text}` is inside a custom `autograd.Function`, whose backward is lost where it is requested",
                "Request the function's node, or one outside it.",
            )
        if not mode_graph.changes:
            continue
        node = select_all(mode_graph, [query.text], graph.dialect).get(query.text)
        if node is None:
            continue
        at = next(position for position, each in enumerate(mode_graph.nodes) if each is node)
        behind = needed(mode_graph, [at])
        for change in mode_graph.changes:
            if at in change.nodes if change.inside else not behind.isdisjoint(change.nodes):
                yield change


RULE = Rule(
    code="changed-behaviour",
    severity="warning",
    summary="The extractor does not do what the model does: tracing loses or changes a part of `forward`.",
    why="""\
torch.fx records operations. All else is lost silently: the backward of a custom `autograd.Function`, the
recomputation of `torch.utils.checkpoint`, a `train()` of the model's own (frozen layers are trained again). And it
runs `forward` with placeholders, which take another branch than a tensor at `isinstance` and `hasattr`, may raise an
error that `forward` catches, and stand for optional arguments that nobody will pass. A graph does in every call what
`forward` did in that one: what `forward` counts, keeps for the next call or draws in Python stays as it was then.
""",
    wrong="""\
import torch
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor


class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.view_as(x)

    @staticmethod
    def backward(ctx, gradient):
        return -gradient


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.head = nn.Conv2d(8, 4, 1)

    def forward(self, x):
        return self.head(Reverse.apply(self.conv(x)))


create_feature_extractor(Net(), ["head"])  # the gradient has the other sign
""",
    remedy="""\
Use `fxlens.create_feature_extractor`, which keeps most of this, and warns of the rest. Or pass the message's argument,
or wrap what is lost in a function of the file and pass that in `tracer_kwargs={"autowrap_functions": (…,)}`.
""",
    right="""\
import torch
from fxlens import create_feature_extractor
from torch import nn


class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.view_as(x)

    @staticmethod
    def backward(ctx, gradient):
        return -gradient


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.head = nn.Conv2d(8, 4, 1)

    def forward(self, x):
        return self.head(Reverse.apply(self.conv(x)))


create_feature_extractor(Net(), ["head"])
""",
    check=check,
)
