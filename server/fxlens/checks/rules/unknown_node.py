"""A query that matches nothing in any mode, and the true reason why."""

from __future__ import annotations

from collections.abc import Iterator

from fxlens.checks import children
from fxlens.checks.fixes import replacements
from fxlens.checks.graphs import attribute_path, missing_queries
from fxlens.checks.leaf_fixes import add_leaf_modules, drop_leaf_module
from fxlens.checks.problem import Fix, Problem, Rule
from fxlens.checks.text import SourceText
from fxlens.checks.wording import did_you_mean, sentences
from fxlens.engine.analysis import CallAnalysis
from fxlens.explanations import Explanation, explain_missing, modes_with
from fxlens.graph import ModelGraph
from fxlens.source.model import Query

_FUSED_SETTING = "fused_attn"
"""What settings of timm's attention have in their names, the environment variable ``TIMM_FUSED_ATTN`` too."""


def check(analysis: CallAnalysis, text: SourceText) -> Iterator[Problem]:
    if analysis.call.dialect == "children":
        yield from children.missing(analysis, text, RULE.code)
        return
    for query, graph in missing_queries(analysis):
        if modes_with(graph, query.text):
            continue
        state = next(
            state
            for state in analysis.models_of(query)
            if state.current_graph and analysis.answering(state.current_graph) is graph
        )
        attribute = attribute_path(state.slice)
        why = explain_missing(graph, query.text, query.modes, previous=state.previous, attribute=attribute)
        if why.reason == "fused" and any(_FUSED_SETTING in each.casefold() for each in analysis.call.open_settings):
            continue
        said = why.sentence
        if not analysis.call.span.contains(query.span.start):  # In a variable, which several calls may be given.
            said = said.replace("The model has", f"The model ({graph.class_name.rpartition('.')[2]}) has", 1)
        message = sentences(did_you_mean(why.suggestions), said)
        yield Problem(RULE.code, query.span, message, _fixes(analysis, text, query, graph, why))


def _fixes(
    analysis: CallAnalysis, text: SourceText, query: Query, graph: ModelGraph, why: Explanation
) -> tuple[Fix, ...]:
    module = graph.modules_by_path.get(query.text)
    if why.reason == "inside-leaf" and module and module.inside_leaf:
        title = f"Stop at `{module.inside_leaf}`: use `{{}}`"
        dropped = drop_leaf_module(analysis, text, graph.modules_by_path[module.inside_leaf])
        stops = replacements(query, why.suggestions, title, sure=why.sure)
        return (*stops, *((dropped,) if dropped else ()))
    if why.reason == "no-node" and module:
        leaf = add_leaf_modules(analysis, text, (module.class_name,))
        return (leaf,) if leaf else ()
    return replacements(query, why.suggestions, sure=why.sure)


RULE = Rule(
    code="unknown-node",
    severity="error",
    summary="The query matches nothing; the message says why.",
    why="""\
The call raises `ValueError: node: … is not present in model`. The name may be misspelt; or the path of a module
that has no node of its own, because it sits inside a leaf module (which is traced as one node), because
`forward` never calls it, or because torchvision renumbers its name (`ln_2` becomes `ln_1`).

A model that torch.fx cannot trace has no nodes. `fxlens.create_feature_extractor` reads its modules by hooks; queries
are then paths of modules, and a name of an operation is unknown.
""",
    wrong="""\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(), ["layer1.0.rleu_1"])
""",
    remedy="""\
Take the name that the message offers, or complete the string: the list holds the names that exist. For a path
inside a leaf module, stop at the leaf; or take its class out of your own `leaf_modules`.
""",
    right="""\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(), ["layer1.0.relu_1"])
""",
    check=check,
)
