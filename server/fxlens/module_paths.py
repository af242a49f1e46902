"""What may have been meant by a query that is not the path of a module, where only modules have names."""

from __future__ import annotations

from collections.abc import Sequence

from fxlens.node_kinds import JOINS
from fxlens.paths import prefixes
from fxlens.suggestions import edits, nearest, same_numbers

_MOST_LISTED = 12
_LEAST_LETTERS = 3


def nearest_modules(query: str, paths: Sequence[str]) -> tuple[list[str], str]:
    """The modules that are spelt nearly like ``query``; else, as the end of a sentence, which there are.

    Args:
        query: what is not a module.
        paths: the paths of all modules, without the root's.

    Example:
        >>> nearest_modules("layer1.cnv", ["layer1", "layer1.conv", "fc"])
        (['layer1.conv'], '')
        >>> nearest_modules("layer1.atc", ["layer1", "layer1.act", "fc"])
        (['layer1.act'], '')
        >>> nearest_modules("layer1.add", ["layer1", "layer1.conv", "fc"])
        ([], "; the nearest is 'layer1'")
    """
    parent, _, segment = query.rpartition(".")
    if parent in paths:
        # The wrong part is the last one: an operation is not like any module, however long the path before it.
        siblings = [path.rpartition(".")[2] for path in paths if path.rpartition(".")[0] == parent]
        near = [f"{parent}.{sibling}" for sibling in nearest(segment, siblings) or _slips(segment, siblings)]
    else:
        near = nearest(query, paths)
    if near:
        return near, ""
    outer = next((path for path in prefixes(query) if path in paths), None)
    if outer is not None:
        return [], f"; the nearest is {outer!r}"
    children = [path for path in paths if "." not in path]
    more = f" and {len(children) - _MOST_LISTED} more" if len(children) > _MOST_LISTED else ""
    return [], f", which has {', '.join(map(repr, children[:_MOST_LISTED])) + more or 'no modules'}"


def _slips(segment: str, siblings: Sequence[str]) -> list[str]:
    """Of ``siblings``, those that one slip explains: in a name of three letters, half of which it spoils.

    The name of an operation is not a slip: ``cat`` does not mean ``act``.
    """
    if len(segment) < _LEAST_LETTERS or segment in JOINS:
        return []
    return [each for each in siblings if edits(segment, each) == 1 and same_numbers(segment, each)]
