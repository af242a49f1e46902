"""A call for which no model was found."""

from __future__ import annotations

from collections.abc import Iterator

from fxlens.checks.failures import model_span, sentence, unknown
from fxlens.checks.fixes import add_hint
from fxlens.checks.problem import Problem, Rule
from fxlens.checks.text import SourceText
from fxlens.engine.analysis import CallAnalysis
from fxlens.source.model import Unresolved


def check(analysis: CallAnalysis, text: SourceText) -> Iterator[Problem]:
    call = analysis.call
    unresolved = call.unresolved
    if unresolved and not call.slices:
        fix = add_hint(analysis, text) if not call.hinted else None
        said = unknown(analysis, unresolved)
        yield Problem(RULE.code, model_span(analysis), said, (fix,) if fix else ())
    for state in analysis.models:
        if state.status == "blocked" and state.failure:
            failure = state.failure
            why = Unresolved(failure.message, failure.remedy)
            yield Problem(RULE.code, model_span(analysis), sentence("Node names are not checked", why))
            return


RULE = Rule(
    code="unresolved-model",
    severity="hint",
    summary="No model was found for the call; its names are not checked.",
    why="""\
The model comes from a place that the text does not tell: a parameter that no call in sight gives, a
configuration file, a registry. Its names are neither completed nor checked.
""",
    wrong="""\
from torchvision.models.feature_extraction import create_feature_extractor


def features(model):
    return create_feature_extractor(model, ["layer1"])
""",
    remedy="Name the model in a comment on or above the call.",
    right="""\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor


def features(model):
    # fxlens: model=resnet18()
    return create_feature_extractor(model, ["layer1"])
""",
    check=check,
)
