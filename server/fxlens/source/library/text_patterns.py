"""Functions that compare texts with patterns, by dotted name: filters sort names with them."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable

from fxlens.source.alternatives import certain, joined, under
from fxlens.source.conditions import conjunction
from fxlens.source.library.called import Called, models
from fxlens.source.values import ALWAYS, NONE, Alternatives, Condition, Const, Item

MATCH = "match"
"""The kind of container of the groups of a match."""
MOST_CHARACTERS = 64
"""The longest text that is compared with a regular expression, which can take time out of all proportion to it."""
MOST_REPETITIONS = 3
_REPETITION = re.compile(r"(?<!\\)[*+{]")
_REPEATED_GROUP = re.compile(r"\)[*+{]")


def _is_cheap(pattern: str, text: str) -> bool:
    return (
        len(text) <= MOST_CHARACTERS
        and len(pattern) <= 2 * MOST_CHARACTERS
        and len(_REPETITION.findall(pattern)) <= MOST_REPETITIONS
        and _REPEATED_GROUP.search(pattern) is None
    )


def _texts(call: Called, count: int) -> list[tuple[list[str], Condition]] | None:
    """Each combination of the first arguments' alternatives; nothing unless all of them are texts."""
    rows: list[tuple[list[str], Condition]] = [([], ALWAYS)]
    for alternatives in call.positional[:count]:
        extended: list[tuple[list[str], Condition]] = []
        for value, own in call.machine.settled(alternatives):
            if not isinstance(value, Const) or not isinstance(value.value, str):
                return None
            for texts, condition in rows:
                both = conjunction(condition, own)
                if both is not None:
                    extended.append(([*texts, value.value], both))
        rows = extended
    return rows


def _each(call: Called, count: int, answer: Callable[[list[str]], Alternatives | None]) -> Alternatives:
    rows = _texts(call, count) if len(call.arguments) == len(call.positional) == count else None
    if rows is None:
        return call.unknown()
    return joined(*(under(answer(texts) or call.unknown(), condition) for texts, condition in rows))


@models("re.match", "re.search", "re.fullmatch")
def _match(call: Called) -> Alternatives:
    """A match holds its groups, the whole of it first, each with its name; without a match, None."""

    def answer(texts: list[str]) -> Alternatives | None:
        matched = _applied(call, texts)
        if matched is None:
            return NONE
        if not isinstance(matched, re.Match):
            return None
        names = {at: name for name, at in matched.re.groupindex.items()}
        items = (
            Item(certain(_constant(call, group)), ALWAYS, certain(Const(names[at])) if at in names else None)
            for at, group in enumerate((matched[0], *matched.groups()))
        )
        return call.machine.made(MATCH, tuple(items))

    return _each(call, 2, answer)


@models("re.split", "re.findall")
def _parts(call: Called) -> Alternatives:
    def answer(texts: list[str]) -> Alternatives | None:
        parts = _applied(call, texts)
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            return None
        return call.machine.made("list", tuple(Item(certain(_constant(call, part))) for part in parts))

    return _each(call, 2, answer)


@models("re.sub")
def _replaced(call: Called) -> Alternatives:
    def answer(texts: list[str]) -> Alternatives | None:
        text = _applied(call, texts)
        return certain(_constant(call, text)) if isinstance(text, str) else None

    return _each(call, 3, answer)


def _applied(call: Called, texts: list[str]) -> object:
    """What the function returns; ``NotImplemented`` where it raises, or might take long."""
    if not _is_cheap(texts[0], texts[-1]):
        return NotImplemented
    try:
        return getattr(re, call.dotted.rpartition(".")[2])(*texts)
    except (re.error, IndexError, RecursionError, OverflowError):
        return NotImplemented


def _constant(call: Called, value: str | None) -> Const:
    return Const(value, (call.machine.frame.document, call.node))


@models("fnmatch.fnmatch", "fnmatch.fnmatchcase")
def _fits(call: Called) -> Alternatives:
    def answer(texts: list[str]) -> Alternatives | None:
        name, pattern = texts
        fits = pattern.count("*") <= MOST_REPETITIONS and len(name) <= MOST_CHARACTERS
        return certain(Const(fnmatch.fnmatchcase(name, pattern))) if fits else None

    return _each(call, 2, answer)
