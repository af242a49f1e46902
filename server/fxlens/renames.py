"""What became of a name when the model's code changed: the name that took its place in the same class.

A model is traced again after every edit, so the graph before is at hand. Its level that held the old name is laid
beside the same level now: names that stand in both are fixed points, and what replaced a run of as many names between
them took their places, one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from fxlens.graph import ModeGraph, ModelGraph
from fxlens.queries import index


def renamed(before: ModelGraph, now: ModelGraph, query: str) -> str | None:
    """The path that selects in ``now`` what ``query`` selected in ``before``, if names took the places of its own.

    Example:
        >>> renamed(before, now, "stage1.0")  # doctest: +SKIP
        'stage_one.0'
    """
    for old in before.views():
        new = now.seen(old.mode)
        if new is not None and query in index(old).last_under:
            return _followed(before, now, old, new, query)
    return None


def _followed(before: ModelGraph, now: ModelGraph, old: ModeGraph, new: ModeGraph, query: str) -> str | None:
    was, path = "", ""
    for segment in query.split("."):
        inner, kept = _below(was, segment), _below(path, segment)
        if kept not in index(new).last_under:
            if _class_at(before, was) != _class_at(now, path):
                return None
            successor = _successor(before, now, index(old).children(was), index(new).children(path), inner)
            if successor is None:
                return None
            kept = successor
        was, path = inner, kept
    return path if path != query else None


def _successor(before: ModelGraph, now: ModelGraph, old: Sequence[str], new: Sequence[str], wanted: str) -> str | None:
    """The path of ``new`` that stands where ``wanted`` stood in ``old``."""
    ours, theirs = ([path.rpartition(".")[2] for path in paths] for paths in (old, new))
    if wanted not in old:
        return None
    at = old.index(wanted)
    for kind, start, end, other_start, other_end in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if kind == "replace" and start <= at < end and end - start == other_end - other_start:
            successor = new[other_start + at - start]
            return successor if _class_at(before, wanted) == _class_at(now, successor) else None
    return None


def _class_at(graph: ModelGraph, path: str) -> str:
    """The class of the module at ``path``; nothing for an operation."""
    module = graph.modules_by_path.get(path)
    return module.class_name if module else ""


def _below(prefix: str, segment: str) -> str:
    return f"{prefix}.{segment}" if prefix else segment
