"""Which names are asked for together, where an expression may be one of several."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

from fxlens.source.model import Query

_MOST = 64
"""With more ways than this, each name is taken to be asked for alone: nothing is found wrong among them then."""


def alternatives(found: list[Query]) -> list[list[Query]]:
    """The queries that are asked together, for each choice among the expressions that may be one of several."""
    choices: dict[int, set[int]] = {}
    for place, number in (choice for query in found for choice in query.chosen):
        choices.setdefault(place, set()).add(number)
    several = {place: numbers for place, numbers in choices.items() if len(numbers) > 1}
    bare = [replace(query, chosen=frozenset()) if query.chosen else query for query in found]
    if not several:
        return [bare]
    if math.prod(map(len, several.values())) > _MOST:
        return [[query] for query in bare]
    ways = (dict(zip(several, numbers, strict=True)) for numbers in itertools.product(*several.values()))
    rounds = [
        tuple(one for one, query in zip(bare, found, strict=True) if all(way.get(at, n) == n for at, n in query.chosen))
        for way in ways
    ]
    return [list(each) for each in dict.fromkeys(rounds)]
