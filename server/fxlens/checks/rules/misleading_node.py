"""A leaf module's path that is the node name of another module's output."""

from __future__ import annotations

from collections.abc import Iterator

from fxlens.checks.fixes import replacements
from fxlens.checks.graphs import only_graph
from fxlens.checks.problem import Problem, Rule
from fxlens.checks.text import SourceText
from fxlens.checks.wording import did_you_mean, sentences
from fxlens.engine.analysis import CallAnalysis
from fxlens.graph import GraphNode, ModelGraph
from fxlens.queries import index
from fxlens.source.model import Query


def check(analysis: CallAnalysis, _text: SourceText) -> Iterator[Problem]:
    for query in analysis.call.queries:
        graph = only_graph(analysis, query)
        taken = _taken_name(graph, query) if graph else None
        if taken is None:
            continue
        node, own = taken
        what = f"of module `{node.target}`" if node.op == "call_module" else f"of the operation `{node.label}`"
        meant = did_you_mean((own,)) if own else ""
        message = sentences(meant, f"`{query.text}` selects the output {what}, not of module `{query.text}`")
        title = f"Use `{{}}`, the output of module `{query.text}`"
        # What the name selects now may be what is wanted: not for "fix all".
        fixes = replacements(query, (own,), title, sure=False) if own else ()
        yield Problem(RULE.code, query.span, message, fixes, node.source)


def _taken_name(graph: ModelGraph, query: Query) -> tuple[GraphNode, str | None] | None:
    """The node that bears a leaf module's path but is not its output, and the real name of that module's output."""
    module = graph.modules_by_path.get(query.text)
    if module is None or not module.leaf or not module.path:
        return None
    for mode_graph in (graph.of(mode) for mode in query.modes):
        node = index(mode_graph).by_name.get(query.text) if mode_graph else None
        if mode_graph is None or node is None or (node.op == "call_module" and node.target == query.text):
            continue
        if node.op != "call_module" and not (module.train_calls or module.eval_calls):
            continue  # An operation bears the name of a module that never runs: there is no other output to mean.
        own = next(
            (other.name for other in mode_graph.nodes if other.op == "call_module" and other.target == query.text), None
        )
        return node, own
    return None


RULE = Rule(
    code="misleading-node",
    severity="warning",
    summary="The name is another module's output than its text says.",
    why="""\
torchvision drops a number at the end of a leaf module's name and renumbers: in its vision transformers `ln_1`
is named `ln`, and `ln_1` is the output of `ln_2`. Nothing raises; the result holds another tensor.
""",
    wrong="""\
from torchvision.models import vit_b_16
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(vit_b_16(), ["encoder.layers.encoder_layer_0.ln_1"])  # the output of ln_2
""",
    remedy="""\
Use the name that the module's output really has; if the other tensor is what you want, silence the line.
""",
    right="""\
from torchvision.models import vit_b_16
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(vit_b_16(), ["encoder.layers.encoder_layer_0.ln"])
""",
    check=check,
)
