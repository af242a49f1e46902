"""Arguments that the function rejects, or fails on, whatever the model is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fxlens.checks.fixes import as_list, given
from fxlens.checks.problem import Edit, Fix, Problem, Rule
from fxlens.checks.text import SourceText
from fxlens.engine.analysis import CallAnalysis
from fxlens.source.model import GivenArgument, Role, Span

_NODES: tuple[Role, ...] = ("return_nodes", "train_return_nodes", "eval_return_nodes")


def check(analysis: CallAnalysis, text: SourceText) -> Iterator[Problem]:
    call = analysis.call
    if call.function != "create_feature_extractor" or call.delegates:
        return
    arguments = {one.name: one for one in call.given if one.kind != "none"}
    for name in _NODES:
        one = arguments.get(name)
        if one and (one.kind in ("set", "string") or (one.kind == "tuple" and call.dialect != "fxlens")):
            fix = as_list(one, text)
            message = f"`{name}` is a {one.kind}: only a list of names or a dict of name and key is accepted."
            yield Problem(RULE.code, one.span, message, (fix,) if fix else ())
    if call.unpacks or any(one.kind == "other" for name in _NODES if (one := arguments.get(name))):
        return
    if call.dialect == "torchvision":
        yield from _combination(analysis, arguments)
        yield from _leaf_modules(analysis, text)


def _combination(analysis: CallAnalysis, arguments: dict[str, GivenArgument]) -> Iterator[Problem]:
    call = analysis.call
    one, train, evaluation = (arguments.get(name) for name in _NODES)
    if call.unresolved is not None and not call.given:
        return
    if not (one or train or evaluation):
        yield Problem(
            RULE.code,
            call.callee,
            "No node names are given. Pass `return_nodes`, or `train_return_nodes` and `eval_return_nodes`.",
        )
    elif bool(train) != bool(evaluation):
        here, missing = (train, "eval_return_nodes") if train else (evaluation, "train_return_nodes")
        assert here is not None
        message = f"`{here.name}` needs `{missing}` beside it: each mode must be told what to return."
        yield Problem(RULE.code, here.span, message)
    elif one and train:
        message = (
            "`return_nodes` cannot stand beside `train_return_nodes` and `eval_return_nodes`: keep one or the other."
        )
        yield Problem(RULE.code, one.span, message)


def _leaf_modules(analysis: CallAnalysis, text: SourceText) -> Iterator[Problem]:
    """A tuple or set of leaf modules cannot be joined with torchvision's own list of them."""
    known = given(analysis.call, "tracer_kwargs")
    written = text.at(known.span) if known and known.kind == "dict" else ""
    if known is None or not written.startswith("{"):
        return
    entry = re.search(r"""["']leaf_modules["']\s*:\s*(?=[({])""", written)
    display = balanced(written[entry.end() :]) if entry else None
    if entry is None or not display:
        return
    start = text.moved(known.span.start, entry.end())
    span = Span(start, text.moved(start, len(display)))
    inner = display[1:-1].strip()
    if display[0] == "(" and "," not in inner:  # Parentheses around one expression.
        return
    kind = "tuple" if display[0] == "(" else "set"
    message = f"`leaf_modules` is a {kind}: torchvision adds it to a list, which raises TypeError. Use a list."
    fix = Fix("Make it a list", (Edit(span, f"[{inner}]"),), sure=True)
    yield Problem(RULE.code, span, message, (fix,))


def balanced(text: str) -> str | None:
    """The bracket that ``text`` starts with, up to its end; nothing where strings or comments could hide it."""
    depth = 0
    for at, character in enumerate(text):
        if character in "#'\"":
            return None
        depth += (character in "([{") - (character in ")]}")
        if depth == 0:
            return text[: at + 1]
    return None


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
    remedy="Give a list or a dict of names, for both modes at once or for each.",
    right="""\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(), ["layer1", "layer2"])
""",
    check=check,
)
