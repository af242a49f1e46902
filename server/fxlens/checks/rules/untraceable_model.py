"""A model that torch.fx cannot trace, with the line of ``forward`` that stops it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from fxlens.checks.failures import model_span, requested, sentence, trace_failures, where_raised
from fxlens.checks.fixes import fix_arguments, pass_submodule
from fxlens.checks.hook_fixes import INSTALL, hook_fixes
from fxlens.checks.leaf_fixes import add_leaf_modules
from fxlens.checks.problem import Fix, Problem, Rule
from fxlens.checks.text import SourceText
from fxlens.checks.wording import sentences
from fxlens.engine.analysis import CallAnalysis, ModelState
from fxlens.graph import Failure, Mode, Remedy
from fxlens.remedies import fitting, tried
from fxlens.source.model import Unresolved

_HOOKS = "Use `fxlens.create_feature_extractor`, which reads modules by hooks."
_INSTALL = f"Install fxlens (`{INSTALL}`) and use its `create_feature_extractor`, which reads modules by hooks."


def check(analysis: CallAnalysis, text: SourceText) -> Iterator[Problem]:
    if not analysis.call.complete or not all(any(_failures(analysis, state)) for state in analysis.models):
        return  # The call raises for certain only if every model that it may be given fails.
    for state in analysis.models:
        for failure in _failures(analysis, state):
            queries = requested(analysis, state)
            mode = f" in {failure.mode} mode" if failure.mode else ""
            what = sentence(f"torch.fx cannot trace this model{mode}", Unresolved(failure.message))
            of_call = tuple(_fixes(analysis, text, fitting(failure, queries)))
            by_hooks = tuple(hook_fixes(analysis, text, state))
            # One that keeps the call's own function comes first, and leaves nothing that is sure.
            fixes = (*of_call, *(replace(fix, sure=fix.sure and not of_call) for fix in by_hooks))
            hooks = _HOOKS if state.graph is None or state.graph.library_installed else _INSTALL
            # The first words say what the first fix does; what to change in `forward` is for where there is none.
            lead = tried(failure, queries) or (hooks if by_hooks else failure.change)
            message = sentences(lead, what) + where_raised(failure, text)
            yield Problem(RULE.code, model_span(analysis), message, fixes, related=failure.source)


def _failures(analysis: CallAnalysis, state: ModelState) -> Iterator[Failure]:
    """The failures for which the call raises: not of names, and not of a mode that our function need not trace."""
    if state.current_graph and analysis.by_hooks(state.current_graph):
        return
    queries = requested(analysis, state)
    for failure in trace_failures(state):
        if failure.kind != "naming" and not _is_not_needed(analysis, failure, queries):
            yield failure


def _is_not_needed(analysis: CallAnalysis, failure: Failure, queries: Mapping[Mode, Sequence[str]]) -> bool:
    """Whether the call selects nodes of the other mode only: our function then needs no graph of this mode."""
    own = analysis.call.dialect == "fxlens" and failure.mode is not None
    return own and any(queries.values()) and not queries[failure.mode or "train"]


def _fixes(analysis: CallAnalysis, text: SourceText, remedies: Iterable[Remedy]) -> Iterator[Fix]:
    """What was tried, traces, and has the call's queries, applied to the call; the first is sure if it is the only."""
    fixes = []
    for remedy in remedies:
        fix = _fix(analysis, text, remedy)
        if fix is not None:
            fixes.append((remedy, fix))
    for remedy, fix in fixes:
        # Whether the program ever gives an argument is not known.
        yield replace(fix, sure=len(fixes) == 1 and remedy.kind != "concrete_args")


def _fix(analysis: CallAnalysis, text: SourceText, remedy: Remedy) -> Fix | None:
    if remedy.kind == "leaf_modules":
        return add_leaf_modules(analysis, text, remedy.values)
    if remedy.kind == "submodule":
        return pass_submodule(analysis, text, remedy)
    return fix_arguments(analysis, text, remedy) if remedy.kind == "concrete_args" else None


RULE = Rule(
    code="untraceable-model",
    severity="error",
    summary="torch.fx cannot trace the model: the call raises.",
    why="""\
torch.fx runs `forward` once with placeholders instead of tensors. What needs a tensor's value (an `if` on it,
`len`, `int`, iterating over it) cannot be traced, and the call raises `TraceError`.
""",
    wrong="""\
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor


class Gate(nn.Module):
    def forward(self, x):
        if x.sum() > 0:
            return x
        return -x


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.gate = Gate()

    def forward(self, x):
        return self.gate(self.conv(x))


create_feature_extractor(Net(), ["conv"])
""",
    remedy="""\
Make the module that contains the line a leaf module, which is traced as one node without looking inside. Where
the message says that leaf modules were tried, its quick fix adds them. Or change the line.

If every query is the path of a module, tracing is not needed: `fxlens.create_feature_extractor` reads the modules by
hooks. A quick fix rewrites the import and the call; another one writes a small class that does the same without a
library.
""",
    right="""\
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor


class Gate(nn.Module):
    def forward(self, x):
        if x.sum() > 0:
            return x
        return -x


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.gate = Gate()

    def forward(self, x):
        return self.gate(self.conv(x))


create_feature_extractor(Net(), ["conv"], tracer_kwargs={"leaf_modules": [Gate]})
""",
    check=check,
)
