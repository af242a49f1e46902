"""Two queries whose results go under one key."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from fxlens.checks.fixes import rename_key
from fxlens.checks.problem import Fix, Problem, Rule
from fxlens.checks.text import SourceText
from fxlens.engine.analysis import CallAnalysis
from fxlens.source.model import PathCondition, Query, Role


def check(analysis: CallAnalysis, text: SourceText) -> Iterator[Problem]:
    first: dict[tuple[Role, tuple[PathCondition, ...], str], Query] = {}
    taken = {value for query in analysis.call.queries if (value := _literal(query.key)) is not None}
    for query in analysis.call.queries:
        key = _literal(query.key)
        if key is None or not _stands_beside(query, text):
            continue
        # torchvision turns keys into strings: 1 and "1" are one.
        earlier = first.setdefault((query.role, query.conditions, str(key)), query)
        if earlier.text != query.text:
            message = f"Rename the key: `{earlier.text}` already uses {query.key}, so one of the two outputs is lost."
            fix = rename_key(query, text, taken)
            if fix:
                taken.add(_renamed(fix))
            yield Problem(RULE.code, query.span, message, (fix,) if fix else ())


def _stands_beside(query: Query, text: SourceText) -> bool:
    """Whether the key is written behind this very name.

    One key beside a variable may be one of many dicts: ``for n in names: create_feature_extractor(m, {n: "x"})``.
    """
    behind = text.after(query.literal.end).lstrip()
    return query.key is not None and behind.startswith(":") and behind[1:].lstrip().startswith(query.key)


def _renamed(fix: Fix) -> str | int:
    """The key that ``fix`` gives: the next duplicate needs another one, as all may be fixed at once."""
    value = _literal(fix.edits[0].text)
    assert value is not None
    return value


def _literal(text: str | None) -> str | int | None:
    """The value of a key that is a plain string or number; anything else may be another value each time."""
    try:
        value = ast.literal_eval(text) if text else None
    except (ValueError, SyntaxError):
        return None
    return value if isinstance(value, (str, int)) else None


RULE = Rule(
    code="duplicate-output",
    severity="warning",
    summary="Two queries share one output key.",
    why="""\
The values of the dict are the keys of the result. Where two are equal, one tensor replaces the other, and
nothing raises.
""",
    wrong="""\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(), {"layer1": "feat", "layer2": "feat"})
""",
    remedy="Give each query its own key.",
    right="""\
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(resnet18(), {"layer1": "feat", "layer2": "feat_2"})
""",
    check=check,
)
