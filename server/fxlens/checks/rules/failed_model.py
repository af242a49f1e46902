"""A model whose code failed when it was evaluated."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fxlens.checks.failures import is_of_torch_fx, model_span, unknown, where_raised
from fxlens.checks.fixes import add_hint
from fxlens.checks.problem import Problem, Rule
from fxlens.checks.text import SourceText
from fxlens.checks.wording import sentences
from fxlens.engine.analysis import CallAnalysis
from fxlens.source.model import Unresolved

_MISSING = re.compile(r"node: '([^']+)' is not present in model")
"""What torchvision's function, and our own, raise for a name that is not there."""


def check(analysis: CallAnalysis, text: SourceText) -> Iterator[Problem]:
    for state in analysis.models:
        failure = state.failure
        if state.status == "failed" and failure and not is_of_torch_fx(failure):
            missing = _MISSING.search(failure.message)
            if missing is not None and failure.source is not None:  # Reported where the hint is.
                where = text.place_name(failure.source)
                said = f"Fix {where} first: the call there requests `{missing[1]}`, which its model does not have"
                said = sentences(said, "Node names are not checked here.")
                yield Problem(RULE.code, model_span(analysis), said, related=failure.source)
                continue
            why = Unresolved(failure.message, failure.remedy)
            said = unknown(analysis, why) + where_raised(failure, text)
            fix = add_hint(analysis, text)
            yield Problem(RULE.code, model_span(analysis), said, (fix,) if fix else (), related=failure.source)


RULE = Rule(
    code="failed-model",
    severity="information",
    summary="The code that builds the model failed when FX Lens ran it; its names are not checked.",
    why="""\
FX Lens runs the few lines that build the model. They raised, exited, took too long or wanted something that is
refused (a socket, a file to write), so the names are unknown and nothing is called wrong.
""",
    wrong="""\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

model = resnet18(width=2)  # TypeError
create_feature_extractor(model, ["layer1"])
""",
    remedy="""\
Fix what the message says. If the code works only in your full program, name a model that can be built alone in
a comment: `# fxlens: model=torchvision.models.resnet18()`.
""",
    right="",
    check=check,
)
