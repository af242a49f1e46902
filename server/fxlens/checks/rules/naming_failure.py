"""A model on which the library's own naming crashes or gives two nodes the same name."""

from __future__ import annotations

from collections.abc import Iterator

from fxlens.checks.failures import model_span, trace_failures, where_raised
from fxlens.checks.problem import Problem, Rule
from fxlens.checks.text import SourceText
from fxlens.checks.wording import sentences
from fxlens.engine.analysis import CallAnalysis


def check(analysis: CallAnalysis, text: SourceText) -> Iterator[Problem]:
    for state in analysis.models:
        for failure in trace_failures(state):
            if failure.kind == "naming":
                message = sentences(failure.message, failure.remedy)
                yield Problem(
                    RULE.code, model_span(analysis), message + where_raised(failure, text), related=failure.source
                )


RULE = Rule(
    code="naming-failure",
    severity="error",
    summary="torchvision's own naming crashes or gives two nodes the same name on this model.",
    why="""\
torchvision counts repeats with a pattern made of names it does not escape. On some models it crashes
(`ValueError: invalid literal for int()`), on others it gives two nodes one name, which its extractor then
refuses (`There are duplicate nodes!`).
""",
    wrong="""\
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc_norm = nn.ReLU()
        self.enc = nn.ModuleDict({"norm": nn.ReLU()})

    def forward(self, x):
        return self.enc["norm"](self.enc_norm(x))


create_feature_extractor(Net(), ["enc_norm"])
""",
    remedy="Rename one of the modules that the message names, or use `fxlens.create_feature_extractor`.",
    right="",
    check=check,
)
