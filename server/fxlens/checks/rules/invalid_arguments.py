"""Arguments that the function rejects, or fails on, whatever the model is."""

from __future__ import annotations

from collections.abc import Iterator

from fxlens.checks.fixes import as_list, list_display
from fxlens.checks.problem import Edit, Fix, Problem, Rule
from fxlens.checks.text import SourceText
from fxlens.engine.analysis import CallAnalysis
from fxlens.source.leaf_lists import leaves_of
from fxlens.source.model import GivenArgument, Role

_NODES: tuple[Role, ...] = ("return_nodes", "train_return_nodes", "eval_return_nodes")


def check(analysis: CallAnalysis, text: SourceText) -> Iterator[Problem]:
    call = analysis.call
    if call.delegates:
        return
    if call.dialect == "torchvision" and not call.keeps_values:
        yield from _leaf_modules(analysis, text)
    if call.dialect == "children":
        yield from _layers(analysis)
    if call.function != "create_feature_extractor":
        return
    arguments = {argument.name: argument for argument in call.arguments if argument.kind != "none"}
    for name in _NODES:
        argument = arguments.get(name)
        if argument and (argument.kind in ("set", "string") or (argument.kind == "tuple" and not call.keeps_values)):
            fix = as_list(argument, text)
            message = f"Pass a list of names or a dict from name to key: `{name}` is a {argument.kind}."
            yield Problem(RULE.code, argument.span, message, (fix,) if fix else ())
    if call.unpacks or any(argument.kind == "other" for name in _NODES if (argument := arguments.get(name))):
        return
    if call.dialect == "torchvision":
        yield from _combination(analysis, arguments)


def _layers(analysis: CallAnalysis) -> Iterator[Problem]:
    """The names of direct children, which come as a dict only."""
    for argument in analysis.call.arguments:
        if argument.name == "return_nodes" and argument.kind not in ("dict", "other") and not _to_come(argument):
            what = "None" if argument.kind == "none" else f"a {argument.kind}"
            message = f"Pass a dict from child to key: `return_layers` is {what}."
            yield Problem(RULE.code, argument.span, message)


def _to_come(argument: GivenArgument) -> bool:
    """Whether the value of ``return_nodes=`` is not written yet."""
    return argument.span.start == argument.span.end


def _combination(analysis: CallAnalysis, arguments: dict[str, GivenArgument]) -> Iterator[Problem]:
    call = analysis.call
    both, train, evaluation = (arguments.get(name) for name in _NODES)
    if call.unresolved is not None and not call.arguments:
        return
    if any(argument.name in _NODES and _to_come(argument) for argument in call.arguments):
        return
    if not (both or train or evaluation):
        yield Problem(
            RULE.code,
            call.callee,
            "Pass `return_nodes`, or `train_return_nodes` and `eval_return_nodes`: the call has no node names.",
        )
    elif bool(train) != bool(evaluation):
        here, missing = (train, "eval_return_nodes") if train else (evaluation, "train_return_nodes")
        assert here is not None
        message = f"Pass `{missing}` as well: `{here.name}` is for one mode only."
        yield Problem(RULE.code, here.span, message)
    elif both and train:
        message = "Pass either `return_nodes`, or `train_return_nodes` and `eval_return_nodes`: the call has all three."
        yield Problem(RULE.code, both.span, message)


def _leaf_modules(analysis: CallAnalysis, text: SourceText) -> Iterator[Problem]:
    """A tuple or set of leaf modules cannot be joined with torchvision's own list of them."""
    if not any(argument.name == "tracer_kwargs" for argument in analysis.call.arguments):
        return
    leaves = leaves_of(analysis.call, text.document)
    if leaves is None or leaves.kind not in ("tuple", "set"):
        return
    message = f"Use a list: torchvision adds `leaf_modules` to one, which raises TypeError for a {leaves.kind}."
    listed = list_display(text.at(leaves.span)) if not leaves.shared else None
    fixes = (Fix("Make it a list", (Edit(leaves.span, listed),), sure=True),) if listed else ()
    yield Problem(RULE.code, leaves.span, message, fixes)


RULE = Rule(
    code="invalid-arguments",
    severity="error",
    summary="The function rejects the arguments, whatever the model is.",
    why="""\
The call raises before anything is traced: names must be a list or a dict (a tuple or a set raises
`AttributeError`), `train_return_nodes` and `eval_return_nodes` go together and without `return_nodes`
(`ValueError`), and torchvision wants `leaf_modules` as a list (`TypeError`).
""",
    wrong="""\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(), ("layer1", "layer2"))
""",
    remedy="Pass a list or a dict of names, for both modes at once or for each.",
    right="""\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(), ["layer1", "layer2"])
""",
    check=check,
)
