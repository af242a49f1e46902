"""Did you mean: the nearest of the names that exist, or nothing.

No suggestion is better than a silly one, so a candidate must be near in length and in spelling.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_MAX_CANDIDATES = 20_000
_CUTOFF = 0.72
_FIELD = 0.1
"""How far behind the best a further candidate may be and still be worth offering."""


def nearest(wrong: str, names: Iterable[str], count: int = 3) -> list[str]:
    """Up to ``count`` of ``names`` that ``wrong`` may have been meant for, best first.

    Example:
        >>> nearest("layer1.0.rleu", ["layer1.0.relu", "layer1.0.bn1", "fc"])
        ['layer1.0.relu']
        >>> nearest("x", ["fc", "avgpool"])
        []
    """
    candidates = [name for name in dict.fromkeys(names) if _lengths_near(wrong, name)][:_MAX_CANDIDATES]
    folded = wrong.casefold()
    same = [name for name in candidates if name.casefold() == folded]
    if same or len(wrong) < 3:
        return same[:count]
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(folded)
    scored = []
    for name in candidates:
        matcher.set_seq1(name.casefold())
        if matcher.real_quick_ratio() >= _CUTOFF and matcher.quick_ratio() >= _CUTOFF:
            ratio = matcher.ratio()
            if ratio >= _CUTOFF:
                scored.append((-ratio - _tail_bonus(wrong, name), name))
    scored.sort()
    return [name for score, name in scored[:count] if score <= scored[0][0] + _FIELD]


def _lengths_near(wrong: str, name: str) -> bool:
    return abs(len(wrong) - len(name)) <= max(2, len(wrong) // 3)


def _tail_bonus(wrong: str, name: str) -> float:
    """Prefer a candidate of the same dotted depth, and one that agrees up to the last dot or after it.

    In ``layer1.0.rleu`` the mistake sits in one segment; whole segments that agree weigh more than single letters.
    """
    ours, theirs = wrong.split("."), name.split(".")
    if len(ours) != len(theirs):
        return 0.0
    return 0.1 * sum(a == b for a, b in zip(ours, theirs, strict=True)) / len(ours) + 0.05
