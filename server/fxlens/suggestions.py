"""Did you mean: the nearest of the names that exist, or nothing.

No suggestion is better than a wrong one, so a candidate must be near in length and in spelling. Numbers are not
spelling: ``block_32`` is nearer to ``block_31`` than to ``block_2``, and whoever numbers wrongly wants to know which
numbers there are.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

_MAX_CANDIDATES = 20_000
_CUTOFF = 0.72
_FIELD = 0.1
"""How far behind the best a further candidate may be and still be worth offering, as a ratio."""
_LEAST_OF_SEGMENT = 0.5
"""How alike the segments must be in which two names of the same depth differ, as a ratio."""
_FEW = 3
_MOST_LISTED = 12
"""How many names are listed one by one (a few, if they are consecutive numbers); of more, the first and the last."""
_MOST_COMPARED = 12
_NUMBER = re.compile(r"(?<![^.])-\d+|\d+")
"""A number in a name; a whole segment may be one that Python counts from the end."""


def nearest(wrong: str, names: Iterable[str], count: int = 3) -> list[str]:
    """Up to ``count`` of ``names`` that ``wrong`` may have been meant for, best first.

    Names that differ in a number only come first, and alone: the ones with the nearest number.

    Example:
        >>> nearest("layer1.0.rleu", ["layer1.0.relu", "layer1.0.bn1", "fc"])
        ['layer1.0.relu']
        >>> nearest("blocks.12", ["blocks.1", "blocks.2", "blocks.11"])
        ['blocks.11']
        >>> nearest("x", ["fc", "avgpool"])
        []
    """
    names = list(dict.fromkeys(names))
    folded = wrong.casefold()
    same = [name for name in names if name.casefold() == folded]
    if same:
        return same[:count]
    numbered = nearest_numbers(wrong, names)
    if numbered:
        return numbered[:count]
    if len(wrong) < 3:
        return []
    scored = _scored(wrong, [name for name in names if _lengths_near(wrong, name)][:_MAX_CANDIDATES])
    near = [name for score, name in scored[:_MOST_COMPARED] if score <= scored[0][0] + _FIELD]
    near = [name for name in near if same_numbers(wrong, name)] or near
    # At another depth, what agrees is the last segment.
    last = wrong.rpartition(".")[2]
    near = [name for name in near if name.count(".") == wrong.count(".") or name.endswith(f".{last}")] or near
    if not near:
        return []
    # Beside a name that one slip of a finger explains, none is offered that needs two.
    most = max(2 * edits(wrong, near[0]) - 1, 1)
    exact = same_numbers(wrong, near[0])
    return [name for name in near if edits(wrong, name) <= most and (same_numbers(wrong, name) or not exact)][:count]


def _scored(wrong: str, candidates: Sequence[str]) -> list[tuple[float, str]]:
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(wrong.casefold())
    scored = []
    for name in candidates:
        matcher.set_seq1(name.casefold())
        if matcher.real_quick_ratio() >= _CUTOFF and matcher.quick_ratio() >= _CUTOFF:
            ratio = matcher.ratio()
            if ratio >= _CUTOFF and _segments_near(wrong, name):
                scored.append((-ratio - _tail_bonus(wrong, name), name))
    return sorted(scored)


def edits(text: str, other: str) -> int:
    """How many letters must be put in, left out, replaced or swapped with the next to make ``other`` of ``text``.

    Example:
        >>> edits("rleu", "relu"), edits("con1", "conv1"), edits("con1", "bn1")
        (1, 1, 2)
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(text, 1):
        before, above, row = row, before, [at]
        for column, wanted in enumerate(other, 1):
            cost = min(before[column] + 1, row[-1] + 1, before[column - 1] + (letter != wanted))
            if at > 1 and column > 1 and letter == other[column - 2] and text[at - 2] == wanted:
                cost = min(cost, above[column - 2] + 1)
            row.append(cost)
    return row[-1]


def nearest_numbers(wrong: str, names: Iterable[str]) -> list[str]:
    """Those of ``names`` that differ from ``wrong`` in numbers only, and least: several if they are equally near.

    Example:
        >>> nearest_numbers("layer5.0", ["layer1.0", "layer4.0", "layer4.1", "layers.0"])
        ['layer4.0']
    """
    pattern, wanted = without_numbers(wrong), numbers(wrong)
    ranked = [(_distance(wanted, numbers(name)), name) for name in names if without_numbers(name) == pattern]
    least = min((distance for distance, _ in ranked), default=None)
    return [name for distance, name in ranked if distance == least]


def _distance(wanted: Sequence[int], offered: Sequence[int]) -> tuple[int, ...]:
    """How many numbers differ, then by how much, the leftmost first."""
    differences = [abs(left - right) for left, right in zip(wanted, offered, strict=True)]
    return (sum(map(bool, differences)), *differences)


def numbers(name: str) -> tuple[int, ...]:
    """The numbers in a name, in order."""
    return tuple(map(int, _NUMBER.findall(name)))


def without_numbers(name: str) -> str:
    """A name with ``#`` in the place of each number, casefolded: equal for names that differ in numbers only."""
    return _NUMBER.sub("#", name.casefold())


def same_numbers(name: str, other: str) -> bool:
    return numbers(name) == numbers(other)


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them: of a long run of numbers, the first and the last.

    Example:
        >>> listed(["fc", "head"]), listed([str(number) for number in range(12)])
        ('fc, head', '0 … 11')
    """
    numbered = [numbers(name) for name in names]
    alike = len({without_numbers(name) for name in names}) == 1 and all(len(each) == 1 for each in numbered)
    steps = [after[0] - before[0] for before, after in pairwise(numbered)] if alike else []
    if len(names) > _MOST_LISTED or (len(names) > _FEW and steps and set(steps) == {1}):
        return f"{names[0]} … {names[-1]}"
    return ", ".join(names)


def _lengths_near(wrong: str, name: str) -> bool:
    return abs(len(wrong) - len(name)) <= max(2, len(wrong) // 3)


def _segments_near(wrong: str, name: str) -> bool:
    """Whether each segment could be a slip of the one in its place: that the others agree says nothing of it."""
    ours, theirs = wrong.casefold().split("."), name.casefold().split(".")
    if len(ours) != len(theirs):
        return _rests_near(ours, theirs)
    differing = [(a, b) for a, b in zip(ours, theirs, strict=True) if a != b]
    if any(a.isdecimal() is not b.isdecimal() for a, b in differing):
        return False  # `mlp.fc1` is not a slip of `mlp.1`, which is the activation
    return all(difflib.SequenceMatcher(None, a, b, autojunk=False).ratio() >= _LEAST_OF_SEGMENT for a, b in differing)


def _rests_near(ours: list[str], theirs: list[str]) -> bool:
    """Whether two names of other depths are alike without the segments on which they agree at both ends.

    What is left of one of them may be nothing: a level too many, or one that is missing.
    """
    while ours and theirs and ours[0] == theirs[0]:
        ours, theirs = ours[1:], theirs[1:]
    while ours and theirs and ours[-1] == theirs[-1]:
        ours, theirs = ours[:-1], theirs[:-1]
    if not ours or not theirs:
        return True
    matcher = difflib.SequenceMatcher(None, ".".join(ours), ".".join(theirs), autojunk=False)
    return matcher.ratio() >= _LEAST_OF_SEGMENT


def _tail_bonus(wrong: str, name: str) -> float:
    """Prefer a candidate of the same dotted depth, and one that agrees up to the last dot or after it.

    In ``layer1.0.rleu`` the mistake sits in one segment; whole segments that agree weigh more than single letters.
    """
    ours, theirs = wrong.split("."), name.split(".")
    if len(ours) != len(theirs):
        return 0.0
    return 0.1 * sum(a == b for a, b in zip(ours, theirs, strict=True)) / len(ours) + 0.05
