"""A call whose names are not all in the text."""

from __future__ import annotations

from collections.abc import Iterator

from fxlens.checks.failures import sentence
from fxlens.checks.problem import Problem, Rule
from fxlens.checks.text import SourceText
from fxlens.checks.wording import sentences
from fxlens.engine.analysis import CallAnalysis
from fxlens.source.model import ExtractionCall, Span
from fxlens.source.queries import ROLES


def check(analysis: CallAnalysis, _: SourceText) -> Iterator[Problem]:
    call = analysis.call
    why = call.names_unresolved
    if why is None or not call.slices or call.elsewhere:  # Without a model, its rule says that nothing is checked.
        return
    what = "Other names of this call are not checked" if call.queries else "The names of this call are not checked"
    # Where the search was given up, its remedy is for models.
    said = sentence(what, why) if call.complete else sentences(why.reason, f"{what}.")
    yield Problem(RULE.code, _names_span(call), said)


def _names_span(call: ExtractionCall) -> Span:
    """Where the names are given, or the function's name where a wrapper gives them."""
    return next((each.span for each in call.arguments if each.name in ROLES), call.callee)


RULE = Rule(
    code="unresolved-names",
    severity="hint",
    summary="Names that are only known at run time are not checked.",
    why="""\
The names depend on something that the source does not show: a parameter that no call passes, a command-line
argument, a file. Names that the source does show are completed and checked.
""",
    wrong="""\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor


def features(count):
    names = [f"layer{number}" for number in range(1, count + 1)]
    return create_feature_extractor(resnet18(), names)
""",
    remedy="Write the names out, or give what they are made of a default value.",
    right="""\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor


def features(count=4):
    names = [f"layer{number}" for number in range(1, count + 1)]
    return create_feature_extractor(resnet18(), names)


extractor = features()
""",
    check=check,
)
