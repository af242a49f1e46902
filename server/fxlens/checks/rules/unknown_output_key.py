"""A key that is read of an extractor's output, which has no such key."""

from __future__ import annotations

from collections.abc import Iterator

from fxlens.checks.problem import Edit, Fix, Problem, Rule
from fxlens.checks.text import SourceText
from fxlens.checks.wording import did_you_mean, sentences
from fxlens.engine.analysis import CallAnalysis
from fxlens.source.model import KeyUse, OutputKey
from fxlens.suggestions import edits, listed, nearest

_SHORTEST = 2
"""Of few keys, the one a slip of the finger away is meant, unless it is so short that each is."""


def check(analysis: CallAnalysis, _text: SourceText) -> Iterator[Problem]:
    call = analysis.call
    if not call.complete:
        return
    for read in call.reads:
        if read.missing and read.key.closed and read.key.text.strip():
            meant, why = _meant(read, call.keys, numbers=call.dialect == "children")
            keys = listed([f"`{key}`" for key in dict.fromkeys(each.text for each in call.keys)])
            message = sentences(did_you_mean(meant), why or f"The extractor returns {keys}")
            yield Problem(RULE.code, read.key.span, message, _fixes(read, meant, sure=bool(why)))


def _meant(read: KeyUse, keys: tuple[OutputKey, ...], *, numbers: bool) -> tuple[tuple[str, ...], str]:
    """The keys that may be meant, and what says so for certain; ``numbers``: keys may be numbers."""
    text = read.key.text
    names = list(dict.fromkeys(each.text for each in keys))
    if numbers and not read.key.is_text:
        return (), ""
    if not read.key.is_text:
        return ((text,) if text in names else ()), f"Keys of an extractor's output are strings, and {text} is a number"
    of_query = list(dict.fromkeys(each.text for each in keys if each.query.text == text))
    if len(of_query) == 1:
        return (of_query[0],), f"The value of `{text}` is returned under that key"
    near = nearest(text, names) or [name for name in names if len(text) > _SHORTEST and edits(text, name) == 1]
    return tuple(name for name in near if name != text), ""


def _fixes(read: KeyUse, meant: tuple[str, ...], *, sure: bool) -> tuple[Fix, ...]:
    key = read.key
    if not key.is_text:
        whole = key.literal
        return tuple(Fix(f'Replace with `"{name}"`', (Edit(whole, f'"{name}"'),), sure=True) for name in meant)
    if not key.editable or any(set(name) & set("\\'\"{}\r\n") for name in meant):
        return ()
    return tuple(Fix(f"Replace with `{name}`", (Edit(key.span, name),), sure=sure) for name in meant)


RULE = Rule(
    code="unknown-output-key",
    severity="error",
    summary="The extractor returns nothing under this key.",
    why="""\
Reading the key raises `KeyError`. An extractor returns a dictionary whose keys are those of its return nodes: the
values of a dict, as strings, or the names of a list. Only what this file shows for certain is checked: an output that
comes from another function, or that something else may have changed, is not; nor is `get`.
""",
    wrong="""\
import torch
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

extractor = create_feature_extractor(resnet18(), {"layer2": "middle"})
extractor(torch.rand(1, 3, 224, 224))["midle"]
""",
    remedy="Read one of the keys that the message lists; completion in the string offers them with their shapes.",
    right="""\
import torch
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

extractor = create_feature_extractor(resnet18(), {"layer2": "middle"})
extractor(torch.rand(1, 3, 224, 224))["middle"]
""",
    check=check,
)
