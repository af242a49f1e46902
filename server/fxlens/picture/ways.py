"""The way from the top down to a group or a node: which groups must be open for it to be seen."""

from __future__ import annotations

from collections.abc import Iterable

from fxlens.graph import ModelGraph
from fxlens.levels import Level, Levels, child_id, levels_of
from fxlens.paths import prefixes
from fxlens.picture.modes import ShownMode, single
from fxlens.picture.texts import letter
from fxlens.suggestions import nearest


class UnknownPathError(ValueError):
    """The model has neither a module nor a node of that path; the message is for the user."""

    def __init__(self, path: str, graph: ModelGraph, mode: ShownMode) -> None:
        levels = levels_of(graph, single(mode))
        other = next((traced.mode for traced in graph.traced() if levels_of(graph, traced.mode).holding(path)), None)
        if other:
            super().__init__(f"the {mode} graph has no {path!r}; show the {other} mode, or both")
            return
        paths = dict.fromkeys(prefix for node in levels.nodes for prefix in reversed([*prefixes(node.name)]))
        meant = nearest(path, paths, 1)
        instead = f"did you mean {meant[0]}?" if meant else f"at the top are {', '.join(_top(levels))}"
        super().__init__(f"nothing in the graph is called {path!r}; {instead}")


def opened_with(graph: ModelGraph, mode: ShownMode, paths: Iterable[str]) -> list[str]:
    """The groups that are open at first in a mode, those at ``paths``, and all on the way to them.

    Raises:
        UnknownPathError: if a path is neither a group nor a node.
    """
    levels = levels_of(graph, single(mode))
    opened = dict.fromkeys(levels.opened())
    for path in paths:
        way = _way(levels, path)
        if way is None:
            raise UnknownPathError(path, graph, mode)
        opened.update(dict.fromkeys(way))
    return list(opened)


def _way(levels: Levels, path: str) -> list[str] | None:
    groups: list[str] = []
    level = levels.level("")
    while level is not None:
        ids = [child_id(level, at) for at in range(len(level["names"]))]
        if path in ids:
            own = ids.index(path)
            return [*groups, *_inwards(levels, level, own)]
        step = next((id_ for at, id_ in enumerate(ids) if _holds(levels, level, at, id_, path)), None)
        if step is None:
            return None
        groups.append(step)
        level = levels.level(step)
    return None


def _holds(levels: Levels, level: Level, at: int, identity: str, path: str) -> bool:
    """Whether a child is a group that ``path`` is in, or a folded run with such a group."""
    if letter(level["kinds"], at) != "g":
        return False
    if str(at) not in level["runs"]:
        return path.startswith(f"{identity}.")
    members = levels.level(identity)
    return members is not None and any(
        path == member or path.startswith(f"{member}.")
        for member in (child_id(members, number) for number in range(len(members["names"])))
    )


def _inwards(levels: Levels, level: Level, at: int) -> list[str]:
    """The group itself and, as long as each holds nothing but one other group, those: a frame names them all."""
    groups: list[str] = []
    inner: Level | None = level
    while inner is not None and letter(inner["kinds"], at) == "g":
        groups.append(child_id(inner, at))
        inner = levels.level(groups[-1])
        shown = (
            [number for number in range(len(inner["names"])) if letter(inner["quiet"], number) != "1"] if inner else []
        )
        if len(shown) != 1:
            break
        at = shown[0]
    return groups


def _top(levels: Levels) -> list[str]:
    level = levels.level("")
    return level["names"][:12] if level else []
